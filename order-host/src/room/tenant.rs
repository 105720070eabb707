//! Limits how many orders of one tenant are in memory.

use order_core::text::Text;
use order_core::{Code, Order, Rejection};

use super::{ConnectionId, Room};
use crate::Ticket;
use crate::host::context::HostContext;

/// When to try again, in milliseconds: idle orders leave memory after about a minute.
const TRY_AGAIN: u64 = 60_000;

/// Counts an existing order for its tenant, without a limit.
pub(super) fn place(host: &HostContext, order: &Order) -> Option<Ticket<Text>> {
    host.tenants.take(order.tenant_id()?, usize::MAX)
}

impl Room {
    /// Counts a new order whose first guest signed in for a tenant. Refuses it if there are too
    /// many.
    pub(super) fn begin_for_tenant(&mut self, connection: ConnectionId) -> Result<(), Rejection> {
        let (Some(tenant), Some(most)) =
            (self.members.tenant(connection), self.host.settings.rooms_per_tenant)
        else {
            return Ok(());
        };
        if self.order.seq() > 0 || self.of_tenant.is_some() {
            return Ok(());
        }
        self.of_tenant = self.host.tenants.take(tenant, most);
        if self.of_tenant.is_some() {
            return Ok(());
        }
        Err(Rejection::new(Code::TooManyRooms)
            .expected(format!("at most {most} open orders of one tenant"))
            .retry_after(TRY_AGAIN))
    }
}
