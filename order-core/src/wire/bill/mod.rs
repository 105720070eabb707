//! Standalone bills, one a line, and what everybody pays of them.

mod reading;

pub use reading::{MAX_BILL_ITEMS, MAX_BILL_PEOPLE};

use super::json::Object;
use super::write::Writer;
use crate::bill::{Bill, ChargeValue, Division, Invoice, Line, Part, divide, invoice};
use crate::rejection::Rejection;
use crate::value::text::Text;
use crate::{Amount, Currency, OrderId};

/// A bill read from a line of JSON, where amounts, percentages and weights are decimal strings
/// or numbers.
///
/// ```
/// use order_core::wire::BillLine;
/// let line = r#"{"participants":["asha","ben","chi"],"total":"100.00"}"#;
/// let bill = BillLine::read(line)?;
/// let division = bill.divide()?;
/// let amounts: Vec<_> = division.shares().map(|share| share.amount().minor_units()).collect();
/// assert_eq!(amounts.iter().sum::<i64>(), 10_000);
/// assert!(bill.answer(&division).starts_with(r#"{"total":"100.00","amountDue":"100.00","shares":[{"participantId":"asha","#));
/// # Ok::<(), order_core::wire::RefusedBill>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    order: Option<OrderId>,
    bill: Bill,
    by_items: bool,
    wants_invoice: bool,
}

/// A bill that could not be read or divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBill {
    order: Option<OrderId>,
    rejection: Rejection,
}

impl BillLine {
    /// Reads a bill. Every object in it may have a `note`, whatever its value, which is ignored.
    ///
    /// # Errors
    /// When the line is not a bill, has a field that is not known, names people who do not share it, or has amounts finer than the
    /// currency's minor unit. Does not panic.
    pub fn read(line: &str) -> Result<Self, RefusedBill> {
        let object = Object::bill(line)?;
        let order = reading::order_id(&object)?;
        let read = || Ok((reading::bill(&object, order.as_ref())?, object.boolean("invoice")?));
        match read() {
            Ok(((bill, by_items), wants)) => {
                Ok(Self { order, bill, by_items, wants_invoice: wants.unwrap_or(false) })
            }
            Err(rejection) => Err(RefusedBill { order, rejection }),
        }
    }

    /// The order that the line names.
    pub fn order(&self) -> Option<&OrderId> {
        self.order.as_ref()
    }

    /// The bill.
    pub fn bill(&self) -> &Bill {
        &self.bill
    }

    /// Divides the bill, as [`divide`] does.
    ///
    /// # Errors
    /// When the bill contradicts itself.
    pub fn divide(&self) -> Result<Division, RefusedBill> {
        divide(&self.bill).map_err(|rejection| {
            // The rule is that of a protocol message, but its fields have other names here.
            let field = rejection.field_name().and_then(|field| field.strip_prefix("data."));
            let field = field.map(|field| format!("split.{field}"));
            let rejection = match field {
                Some(field) => rejection.field(field),
                None => rejection,
            };
            RefusedBill { order: self.order.clone(), rejection }
        })
    }

    /// Encodes the division of this bill as a line: amounts as decimal strings with all digits of
    /// the currency.
    pub fn answer(&self, division: &Division) -> String {
        let mut writer = BillWriter { json: Writer::with_capacity(1_024), currency: self.bill.currency };
        writer.json.begin_object();
        writer.order(self.order.as_ref());
        writer.amount("total", division.total());
        writer.amount("amountDue", division.amount_due());
        writer.json.key("shares");
        writer.json.begin_list();
        for share in division.shares() {
            writer.json.begin_object();
            writer.json.string_field("participantId", share.participant().as_str());
            writer.amount("amount", share.amount());
            writer.lines("lines", &mut share.lines().map(part));
            if share.included().next().is_some() {
                writer.lines("included", &mut share.included().map(part));
            }
            writer.json.end_object();
        }
        writer.json.end_list();
        writer.lines("lines", &mut division.lines().iter().map(whole));
        if !division.included().is_empty() {
            writer.lines("included", &mut division.included().iter().map(whole));
        }
        let items = division.unassigned_dishes();
        if division.unassigned() != Amount::ZERO || !items.is_empty() {
            writer.amount("unassigned", division.unassigned());
        }
        // A bare total has no item to name.
        if self.by_items && !items.is_empty() {
            writer.json.key("unassignedItems");
            writer.json.begin_list();
            for item in items {
                writer.json.string(item.as_str());
            }
            writer.json.end_list();
        }
        // A bill that can be divided has an invoice: its numbers are smaller than those of the division.
        if self.wants_invoice
            && let Ok(invoice) = invoice(&self.bill, division)
        {
            writer.invoice(&invoice, self.by_items);
        }
        writer.json.end_object();
        writer.json.into_text()
    }
}

fn whole(line: &Line) -> (&Text, Amount) {
    (line.name(), line.amount())
}

fn part(part: Part<'_>) -> (&Text, Amount) {
    (part.line().name(), part.amount())
}

impl RefusedBill {
    /// The order that the line names, if it could be read.
    pub fn order(&self) -> Option<&OrderId> {
        self.order.as_ref()
    }

    /// Why it was refused.
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// Encodes the refusal as a line.
    pub fn answer(&self) -> String {
        let mut json = Writer::with_capacity(512);
        json.begin_object();
        if let Some(order) = &self.order {
            json.string_field("orderId", order.as_str());
        }
        json.key("error");
        json.begin_object();
        json.string_field("code", self.rejection.code().as_str());
        json.string_field("message", &self.rejection.to_string());
        if let Some(field) = self.rejection.field_name() {
            json.string_field("field", field);
        }
        if let Some(expected) = self.rejection.what_was_expected() {
            json.string_field("expected", expected);
        }
        if let Some((amount, currency)) = self.rejection.missing_amount() {
            json.string_field("unallocated", &amount.to_decimal(currency).to_string());
        }
        json.end_object();
        json.end_object();
        json.into_text()
    }
}

impl From<Rejection> for RefusedBill {
    /// The refusal of a line whose order is unknown.
    fn from(rejection: Rejection) -> Self {
        Self { order: None, rejection }
    }
}

impl std::fmt::Display for RefusedBill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rejection.fmt(f)
    }
}

impl std::error::Error for RefusedBill {}

struct BillWriter {
    json: Writer,
    currency: Currency,
}

impl BillWriter {
    fn order(&mut self, order: Option<&OrderId>) {
        if let Some(order) = order {
            self.json.string_field("orderId", order.as_str());
        }
    }

    fn amount(&mut self, key: &'static str, amount: Amount) {
        // Digits, a point and a sign: nothing that needs escaping.
        self.json.literal_field(key, format_args!("\"{}\"", amount.to_decimal(self.currency)));
    }

    fn invoice(&mut self, invoice: &Invoice, by_items: bool) {
        self.json.key("invoice");
        self.json.begin_object();
        self.json.key("taxes");
        self.json.begin_list();
        for tax in invoice.taxes() {
            self.json.begin_object();
            self.json.string_field("name", tax.name().as_str());
            if let ChargeValue::Percent(percent) = tax.value() {
                self.json.literal_field("percent", format_args!("\"{}\"", percent.to_decimal()));
            }
            if tax.is_inclusive() {
                self.json.literal_field("inclusive", true);
            }
            self.amount("net", tax.net());
            self.amount("tax", tax.tax());
            self.amount("gross", tax.gross());
            self.json.end_object();
        }
        self.json.end_list();
        // A bare total has no item to name.
        if by_items {
            self.json.key("items");
            self.json.begin_list();
            for dish in invoice.dishes() {
                self.json.begin_object();
                self.json.string_field("id", dish.id().as_str());
                self.amount("amount", dish.amount());
                self.amount("discount", dish.discount());
                self.amount("included", dish.included());
                self.amount("taxable", dish.taxable());
                self.json.end_object();
            }
            self.json.end_list();
        }
        self.json.end_object();
    }

    fn lines(&mut self, key: &'static str, lines: &mut dyn Iterator<Item = (&Text, Amount)>) {
        self.json.key(key);
        self.json.begin_list();
        for (name, amount) in lines {
            self.json.begin_object();
            self.json.string_field("name", name.as_str());
            self.amount("amount", amount);
            self.json.end_object();
        }
        self.json.end_list();
    }
}
