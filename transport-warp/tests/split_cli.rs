//! `stonepot split`: its input, output and exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

const STONEPOT: &str = env!("CARGO_BIN_EXE_stonepot");
const MAX_LINE_BYTES: usize = 16 << 20;
/// Longer than anything here takes, unless it hangs.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_line_is_answered_in_order_and_one_refusal_fails_the_whole() {
    let output = split(
        &[],
        b"{\"orderId\":\"o1\",\"participants\":[\"a\",\"b\"],\"total\":\"10\"}\n\
          {\"orderId\":\"o2\",\"participants\":[],\"total\":\"10\"}\n\
          not a bill\r\n\
          \n  \t\n\r\n\
          \xFF\xFE\n\
          {\"orderId\":\"o3\",\"participants\":[\"a\"],\"total\":\"0.001\"}\n\
          {\"orderId\":\"o4\",\"participants\":[\"a\"],\"total\":\"2\"}",
    );
    let answers = answers(&output);
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            (text(&answer["orderId"]), text(&answer["amountDue"]), text(&answer["error"]["code"]))
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (some("o1"), some("10.00"), None),
            (some("o2"), None, some("nobody_to_pay")),
            (None, None, some("bad_json")),
            (None, None, some("bad_json")),
            (some("o3"), None, some("bad_price")),
            (some("o4"), some("2.00"), None),
        ]
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{output:?}");
    assert!(output.stdout.ends_with(b"}\n"));
}

#[test]
fn when_every_bill_is_divided_it_succeeds_and_so_it_does_without_any() {
    let output =
        split(&[], b"{\"participants\":[\"a\"],\"total\":1}\r\n\n{\"participants\":[\"a\"],\"total\":2}\n");
    assert_eq!((output.status.code(), answers(&output).len()), (Some(0), 2));
    for nothing in ["", "\n", " \n\r\n"] {
        let output = split(&[], nothing.as_bytes());
        assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()), "{nothing:?}");
    }
}

#[test]
fn whoever_waits_for_an_answer_before_the_next_line_gets_it() {
    let mut talk = Talk::start();
    for total in ["1.00", "2.00", "3.00"] {
        talk.say(&format!("{{\"participants\":[\"a\"],\"total\":\"{total}\"}}\n"));
        assert_eq!(talk.hear()["amountDue"], total);
    }
    // The beginning of the next line must not delay the answer.
    talk.say("{\"participants\":[\"a\"],\"total\":4}\n{\"participants\":");
    assert_eq!(talk.hear()["amountDue"], "4.00");
    talk.say("[\"a\"],\"total\":5}");
    assert_eq!(talk.end()["amountDue"], "5.00");
}

#[test]
fn a_line_is_read_up_to_16_mib_and_one_that_is_longer_is_refused() {
    let bill = br#"{"participants":["a"],"total":1}"#;
    let mut input = bill.to_vec();
    input.resize(MAX_LINE_BYTES, b' ');
    input.push(b'\n');
    input.extend_from_slice(bill);
    input.resize(2 * MAX_LINE_BYTES + 2, b' ');
    input.push(b'\n');
    input.extend_from_slice(bill);

    let output = split(&[], &input);

    let answers = answers(&output);
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["amountDue"], &answers[2]["amountDue"]), (&"1.00".into(), &"1.00".into()));
    assert!(answers[1]["error"]["message"].as_str().unwrap().contains("16 MiB"), "{}", answers[1]);
    assert_eq!(output.status.code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn of_a_line_without_end_no_more_is_held_than_is_read_of_any() {
    let mut talk = Talk::start();
    let megabyte = "x".repeat(1 << 20);
    for _ in 0..128 {
        talk.say(&megabyte);
    }
    talk.say("\n{\"participants\":[\"a\"],\"total\":1}\n");
    assert_eq!(talk.hear()["error"]["code"], "order_too_large");
    assert_eq!(talk.hear()["amountDue"], "1.00");
    let status = std::fs::read_to_string(format!("/proc/{}/status", talk.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 64 << 10, "{kib} KiB were held");
}

#[test]
fn a_byte_order_mark_before_any_line_is_no_part_of_it() {
    const BILL: &str = "{\"participants\":[\"a\"],\"total\":1}";
    const MARK: char = '\u{feff}';
    // A file from Windows, two concatenated ones, and some with only a mark.
    for (input, bills) in [
        (format!("{MARK}{BILL}\r\n"), 1),
        (format!("{MARK}{BILL}\n{BILL}\n{MARK}{BILL}\n{MARK}{BILL}"), 4),
        (format!("{MARK}{MARK}{BILL}\n{MARK} {MARK}{BILL}\n\t{MARK}{BILL}\n"), 3),
        (format!("{MARK}\n{BILL}\n{MARK}\r\n{MARK} {MARK}\n{MARK}"), 1),
        (format!("{MARK}"), 0),
        (format!("{MARK}\r\n"), 0),
    ] {
        let output = split(&[], input.as_bytes());
        let answers = answers(&output);
        assert_eq!((output.status.code(), answers.len()), (Some(0), bills), "{input:?}");
        assert!(answers.iter().all(|answer| answer["amountDue"] == "1.00"), "{answers:?}");
        let table = split(&["--table"], input.as_bytes());
        let table = (table.status.code(), String::from_utf8(table.stdout).unwrap().matches("To pay").count());
        assert_eq!(table, (Some(0), bills), "{input:?}");
    }
    for in_the_middle in
        [format!("{{{MARK}\"participants\":[\"a\"],\"total\":1}}"), format!("{BILL}{MARK}{BILL}")]
    {
        let output = split(&[], in_the_middle.as_bytes());
        assert_eq!(answers(&output)[0]["error"]["code"], "bad_json", "{in_the_middle:?}");
    }
}

#[test]
fn utf_16_is_refused_line_by_line_with_what_to_do() {
    let text =
        "\u{feff}{\"participants\":[\"a\"],\"total\":1}\r\n\r\n{\"participants\":[\"a\"],\"total\":2}\r\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for (input, lines) in [(&little[..], 2), (&big, 2), (&little[2..], 2), (&big[2..], 2), (b"\xff\xfe", 1)] {
        let output = split(&[], input);
        let answers = answers(&output);
        assert_eq!((output.status.code(), answers.len()), (Some(1), lines), "{answers:?}");
        for answer in answers {
            let message = answer["error"]["message"].as_str().unwrap();
            assert_eq!(answer["error"]["code"], "bad_json");
            assert!(message.contains("UTF-16") && message.contains("not UTF-8"), "{message}");
            assert!(message.contains("iconv"), "{message}");
        }
        let table = String::from_utf8(split(&["--table"], input).stdout).unwrap();
        assert_eq!(table.matches("iconv").count(), lines, "{table}");
        assert!(table.starts_with("Line 1: "), "{table}");
    }
    let latin_1 = split(&[], b"{\"participants\":[\"Zo\xeb\"],\"total\":1}\n");
    assert!(answers(&latin_1)[0]["error"]["message"].as_str().unwrap().contains("save the file as UTF-8"));
    let zeros = split(&[], b"\0\0\0\n");
    assert_eq!(
        answers(&zeros)[0]["error"]["code"],
        "bad_json",
        "what a crash leaves in a file is not skipped"
    );
}

#[test]
fn when_nobody_listens_any_more_it_ends_quietly() {
    const BILL: &[u8] = b"{\"participants\":[\"a\"],\"total\":1}\n";
    for more in [&["split"][..], &["split", "--table"]] {
        let mut command = Command::new(STONEPOT);
        let mut child = piped(command.args(more)).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        drop(child.stdout.take());
        // It ends before it has read all of this.
        while stdin.write_all(&BILL.repeat(1_000)).is_ok() {}
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), str::from_utf8(&output.stderr).unwrap()),
            (Some(0), ""),
            "{more:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_one_line_and_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(STONEPOT);
    let mut child =
        command.arg("split").stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdin.take().unwrap().write_all(b"{\"participants\":[\"a\"],\"total\":1}\n"));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("stonepot: cannot write to standard output"), "{said}");
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1));
}

#[test]
fn a_table_has_a_row_for_each_line_and_a_column_for_each_diner() {
    let output = split(
        &["--table"],
        br#"{"orderId":"table-7","participants":["asha","ben","chi"],"items":[{"id":"Thali","price":"180.50","quantity":2,"addedBy":"asha"},{"id":"Naan","price":"60.25","sharedBy":["asha","ben"]},{"id":"Lassi","price":"40"}],"split":{"type":"itemized"},"charges":[{"name":"Service","kind":"service","percent":"10"},{"name":"Voucher","kind":"discount","amount":"50"},{"name":"GST","kind":"tax","percent":"5","inclusive":true},{"name":"x","kind":"tip","amount":"10","participantId":"asha"},{"name":"x","kind":"tip","amount":"5","participantId":"ben"}],"withoutService":["ben"],"roundTo":"1"}
{"orderId":"o2","participants":["asha"],"total":"0.001"}
{"minorDigits":3,"participants":["asha","ben"],"total":"-1.005"}
"#,
    );
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table, TABLE.trim_start());
    assert_eq!(output.status.code(), Some(1));
}

const TABLE: &str = "
table-7, INR
             asha    ben   chi  (nobody)   Total
Thali      361.00      —     —         —  361.00
Naan        30.13  30.12     —         —   60.25
Lassi           —      —     —     40.00   40.00
------------------------------------------------
Dishes     391.13  30.12  0.00     40.00  461.25
Service     34.87      —     —      3.57   38.44
Voucher    -42.40  -3.27     —     -4.33  -50.00
Tip         10.00   5.00     —         —   15.00
Round-off    0.26   0.03     —      0.02    0.31
------------------------------------------------
To pay     393.86  31.88  0.00     39.26  465.00
incl. GST   16.60   1.28     —      1.70   19.58

Line 2 (o2): The price is not valid: the amount has more decimals than the currency. Expected: an amount from -9999999999.99 to 9999999999.99 with at most 2 decimals. See total.

Bill
          asha     ben   Total
Dishes  -0.502  -0.503  -1.005
------------------------------
To pay  -0.502  -0.503  -1.005
";

#[test]
fn a_table_of_many_diners_goes_on_below() {
    let people: Vec<_> = (0..30).map(|number| format!("diner-{number}")).collect();
    let bill = serde_json::json!({"participants": people, "total": "300"}).to_string();
    let output = split(&["--table"], bill.as_bytes());
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    for person in &people {
        assert_eq!(table.split_whitespace().filter(|word| word == person).count(), 1, "{person}");
    }
    assert_eq!(table.split_whitespace().filter(|word| *word == "Total").count(), 1);
    assert_eq!(table.lines().filter(|line| line.starts_with("To pay")).count(), 4, "{table}");
}

#[test]
fn columns_stay_aligned_under_names_of_any_script_and_length() {
    let long = format!("p_{}_end", "x".repeat(80));
    let bill = serde_json::json!({
        "participants": ["寿司", "नमस्ते", long],
        "items": [{"id": "味噌汁🍜", "price": 30}, {"id": "y".repeat(100), "price": 3}],
    });
    let output = split(&["--table"], bill.to_string().as_bytes());
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = table.lines().skip(1).collect();
    // Every character on this line is one column wide.
    let whole = lines.iter().find(|line| line.starts_with("---")).unwrap().len();
    assert!(lines[0].contains("p_xxxxxxxxxx…xxxxxxx_end"), "{table}");
    // Two Chinese characters take two columns more than their number; three Devanagari marks
    // take none.
    assert_eq!(lines[0].chars().count(), whole - 2 + 2, "{table}");
    assert_eq!(lines[1].chars().count(), whole - 4, "{table}");
    assert_eq!(lines[2].chars().count(), whole, "{table}");
}

#[test]
fn the_variables_of_the_server_mean_nothing_to_it() {
    let mut command = Command::new(STONEPOT);
    command
        .env("STONEPOT_CURRENCY", "nonsense")
        .env("STONEPOT_LOG", "paper")
        .env("STONEPOT_ADDR", "127.0.0.1:0");
    let output = run(command.arg("split"), br#"{"participants":["a"],"total":1}"#);
    assert_eq!((output.status.code(), &answers(&output)[0]["amountDue"]), (Some(0), &"1.00".into()));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for wrong in [&["split", "--tables"][..], &["split", "bills.jsonl"], &["--log", "memory", "split"]] {
        let output = run(Command::new(STONEPOT).args(wrong), b"");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn the_example_in_the_help_works_and_the_help_fits_a_terminal() {
    let output = run(Command::new(STONEPOT).args(["split", "--help"]).env("COLUMNS", "80"), b"");
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    let (_, example) = help.split_once("TRY IT\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    let example = example.replace("stonepot", &format!("'{STONEPOT}'"));
    let output = run(Command::new("sh").args(["-c", &example]), b"");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().last().unwrap().starts_with("To pay"), "{table}");
    assert!(table.trim_end().ends_with("221.34  31.66  253.00"), "{table}");
}

fn split(more: &[&str], input: &[u8]) -> Output {
    run(Command::new(STONEPOT).arg("split").args(more), input)
}

/// Runs a program to its end with this standard input.
fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = piped(command).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may end without reading everything.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

fn answers(output: &Output) -> Vec<Value> {
    let lines = str::from_utf8(&output.stdout).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// A program that answers line by line. It ends with its input, at the latest with the
/// test.
struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Its output lines, read on a separate thread so that a test cannot block without end.
    lines: Receiver<String>,
}

impl Talk {
    fn start() -> Self {
        let mut child = piped(Command::new(STONEPOT).arg("split")).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
        Self { stdin: child.stdin.take(), child, lines }
    }

    fn say(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn hear(&mut self) -> Value {
        let line = self.lines.recv_timeout(LONG).expect("it says nothing");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Closes its input; returns the one remaining answer.
    fn end(mut self) -> Value {
        drop(self.stdin.take());
        let answer = self.hear();
        assert_eq!(self.lines.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
        assert!(self.child.wait().unwrap().success());
        answer
    }
}

fn piped(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped())
}
