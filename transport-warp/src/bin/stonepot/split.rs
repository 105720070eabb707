//! `stonepot split`: reads one bill a line, and writes what each diner pays.

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, IsTerminal as _, Read, Write};

use order_core::wire::{BillLine, RefusedBill};
use order_core::{Code, Rejection};
use thiserror::Error;

use crate::arguments::Split;
use crate::table;

/// The longest line that is read. At most this much of a longer one is held in memory.
const MAX_LINE_BYTES: usize = 16 << 20;
/// The size of the read and write buffers.
const BUFFER_BYTES: usize = 64 << 10;

/// The byte order mark that Windows writes before UTF-8. Where files were concatenated, it
/// also occurs in the middle.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// The same mark in UTF-16 of either byte order. Neither can stand in UTF-8.
const MARKS_OF_UTF_16: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    AllDivided,
    SomeRefused,
}

/// Why it stopped before the last line.
#[derive(Debug, Error)]
pub(crate) enum SplitError {
    #[error("cannot read standard input: {0}")]
    Read(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Write(#[source] io::Error),
}

/// Answers every line of standard input on standard output, until the reader of the output
/// is gone.
pub(crate) fn run(split: &Split) -> Result<Outcome, SplitError> {
    let (input, output) = (io::stdin().lock(), io::stdout().lock());
    if input.is_terminal() {
        // Only a hint: the program works without it.
        drop(writeln!(
            io::stderr(),
            "Type one bill a line, and Ctrl-D at the end. `stonepot split --help` has an example."
        ));
    }
    let at_once = output.is_terminal();
    let mut answers = Answers {
        output: BufWriter::with_capacity(BUFFER_BYTES, output),
        at_once,
        as_table: split.table,
        any: false,
        encoding: Encoding::Utf8,
        outcome: Outcome::AllDivided,
    };
    match answers.answer_all(BufReader::with_capacity(BUFFER_BYTES, input)) {
        Err(SplitError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(answers.outcome),
        ended => ended.map(|()| answers.outcome),
    }
}

/// The encoding of the input, which should be UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16,
}

/// How one line of the input was read.
enum Line {
    Whole,
    TooLong,
    End,
}

struct Answers<W: Write> {
    output: BufWriter<W>,
    /// Whether each answer is flushed at once, because somebody watches the output.
    at_once: bool,
    as_table: bool,
    /// Whether anything has been answered.
    any: bool,
    /// The encoding detected so far.
    encoding: Encoding,
    outcome: Outcome,
}

impl<W: Write> Answers<W> {
    fn answer_all(&mut self, mut input: BufReader<impl Read>) -> Result<(), SplitError> {
        let mut line = Vec::new();
        let mut number = 0_u64;
        loop {
            number += 1;
            let answer = match self.next_line(&mut input, &mut line)? {
                Line::End => return self.flush(),
                Line::Whole if self.is_blank(&line) => continue,
                Line::Whole => self.answer(number, without_marks(&line)),
                Line::TooLong => {
                    let most = format!("the line is longer than {} MiB", MAX_LINE_BYTES >> 20);
                    self.refusal(number, &Rejection::new(Code::OrderTooLarge).because(most).into())
                }
            };
            self.say(&answer).map_err(SplitError::Write)?;
        }
    }

    /// Reads up to the end of a line, or of the input. Flushes earlier answers before it waits
    /// for input, so that a program which writes a line and waits gets its answer.
    fn next_line(
        &mut self,
        input: &mut BufReader<impl Read>,
        line: &mut Vec<u8>,
    ) -> Result<Line, SplitError> {
        line.clear();
        let mut found = Line::End;
        loop {
            if input.buffer().is_empty() {
                self.flush()?;
            }
            let there = match input.fill_buf() {
                Ok([]) => return Ok(found),
                Ok(there) => there,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(SplitError::Read(error)),
            };
            let part = there.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let (read, ended) = (part.len(), part.len() < there.len());
            found = match found {
                Line::Whole | Line::End if line.len() + read <= MAX_LINE_BYTES => {
                    line.extend_from_slice(part);
                    Line::Whole
                }
                Line::Whole | Line::End | Line::TooLong => Line::TooLong,
            };
            input.consume(read + usize::from(ended));
            if ended {
                return Ok(found);
            }
        }
    }

    /// Whether a line needs no answer. A line break of UTF-16 leaves zero bytes beside it.
    fn is_blank(&self, line: &[u8]) -> bool {
        let mut bytes = without_marks(line).iter();
        bytes.all(|&byte| byte.is_ascii_whitespace() || (self.encoding == Encoding::Utf16 && byte == 0))
    }

    fn answer(&mut self, number: u64, line: &[u8]) -> String {
        if MARKS_OF_UTF_16.iter().any(|mark| line.starts_with(mark)) || line.contains(&0) {
            self.encoding = Encoding::Utf16;
            let because = "it is not UTF-8 but looks like UTF-16; convert the file first, for instance with \
                           `iconv -f UTF-16 -t UTF-8`";
            return self.refusal(number, &Rejection::new(Code::BadJson).because(because).into());
        }
        let Ok(line) = str::from_utf8(line) else {
            let because = "it is not UTF-8; save the file as UTF-8, or convert it with `iconv -t UTF-8`";
            return self.refusal(number, &Rejection::new(Code::BadJson).because(because).into());
        };
        let divided = BillLine::read(line).and_then(|bill| bill.divide().map(|division| (bill, division)));
        match divided {
            Ok((bill, division)) if self.as_table => table::of(&bill, &division),
            Ok((bill, division)) => bill.answer(&division),
            Err(refused) => self.refusal(number, &refused),
        }
    }

    fn refusal(&mut self, number: u64, refused: &RefusedBill) -> String {
        self.outcome = Outcome::SomeRefused;
        if self.as_table { table::refusal(number, refused) } else { refused.answer() }
    }

    fn say(&mut self, answer: &str) -> io::Result<()> {
        if self.as_table && self.any {
            self.output.write_all(b"\n")?;
        }
        self.any = true;
        self.output.write_all(answer.as_bytes())?;
        self.output.write_all(b"\n")?;
        if self.at_once { self.output.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SplitError> {
        self.output.flush().map_err(SplitError::Write)
    }
}

/// The line without leading byte order marks and the white space between them.
fn without_marks(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.trim_ascii_start().strip_prefix(MARK) {
        line = rest;
    }
    line
}
