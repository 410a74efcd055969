//! The progress of a check on a terminal: how many hosts are done, which host is at which step, and until when.

use crate::probe::Step;
use crate::session::Session;
use crate::streams::Spinner;
use crate::views::checks;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;

/// What the spinner shows.
pub(super) struct Progress {
    spinner: Spinner,
    clock: fn() -> OffsetDateTime,
    /// The time limit for each step.
    step: Duration,
    /// From the second round of `--watch` on, when the watch ends.
    watch: RefCell<String>,
    done: Cell<usize>,
    all: Cell<usize>,
}

impl Progress {
    pub(super) fn new(step: Duration, session: &Session) -> Self {
        Self {
            spinner: session.streams.spinner("Checking endpoints"),
            clock: session.env.clock(),
            step,
            watch: RefCell::default(),
            done: Cell::new(0),
            all: Cell::new(0),
        }
    }

    /// A round begins.
    pub(super) fn start(&self, all: usize) {
        self.done.set(0);
        self.all.set(all);
    }

    /// A host is at this step.
    pub(super) fn step(&self, host: &str, step: Step) {
        let until = clock_time((self.clock)() + self.step);
        self.show(&format!("{host}: {}, until {until}", checks::step(step)));
    }

    /// A host is done.
    pub(super) fn host_done(&self) {
        self.done.set(self.done.get() + 1);
    }

    /// The pause before the next round of `--watch`.
    pub(super) fn pause(&self, left: Duration) {
        let until = clock_time((self.clock)() + left);
        self.watch.replace(format!("; repeating until {until}"));
        self.show("not ok yet");
    }

    /// Removes the spinner before the result is written.
    pub(super) fn end(&self) {
        self.spinner.clear();
    }

    fn show(&self, now: &str) {
        let (done, all) = (self.done.get(), self.all.get());
        self.spinner.set_message(format!("{done} of {all} hosts; {now}{}", self.watch.borrow()));
    }
}

/// E.g. `14:05:09 UTC`.
fn clock_time(time: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute]:[second] UTC");
    time.format(format).unwrap_or_default()
}
