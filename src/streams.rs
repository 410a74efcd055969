//! The three standard streams, and whether they are terminals and use colour.
//!
//! Nothing here knows what is written; formats live in `output`.

use crate::message::{Code, Level, Line, MessageFormat};
use crate::terminal::{shortened, visible, without_commands};
use anstream::AutoStream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Standard input, output and error, real or in memory.
#[derive(Clone)]
pub struct Streams {
    stdin: Arc<Mutex<dyn Read + Send>>,
    /// `None` if this process was started without one, or with one that is open for reading only.
    stdout: Option<Arc<Mutex<dyn Write + Send>>>,
    stderr: Arc<Mutex<dyn Write + Send>>,
    /// Whether standard output is a terminal.
    pub stdout_tty: bool,
    /// Whether standard error is a terminal.
    pub stderr_tty: bool,
    /// Whether the user wants colour on a terminal.
    pub colour: bool,
    level: Level,
    format: MessageFormat,
}

impl Level {
    fn prefix(self) -> (&'static str, &'static str) {
        match self {
            Self::Error => ("ERROR", "\x1b[91m"),
            Self::Warning => ("WARNING", "\x1b[33m"),
            Self::Info => ("INFO", "\x1b[32m"),
            Self::Debug => ("DEBUG", "\x1b[36m"),
        }
    }
}

/// Standard input as a reader.
struct Stdin(Arc<Mutex<dyn Read + Send>>);

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

/// A buffer that two owners share: the streams, and the test that reads it afterwards.
#[derive(Debug, Clone, Default)]
pub struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    /// What has been written so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Streams {
    /// The streams of this process. `colour` is what the environment says (`NO_COLOR`, `TERM`).
    pub fn process(colour: bool) -> Self {
        Self {
            stdin: Arc::new(Mutex::new(io::stdin())),
            // On Windows this makes consoles understand escape sequences; elsewhere it changes nothing.
            stdout: Some(Arc::new(Mutex::new(AutoStream::always_ansi(io::stdout())))),
            stderr: Arc::new(Mutex::new(AutoStream::always_ansi(io::stderr()))),
            stdout_tty: io::stdout().is_terminal(),
            stderr_tty: io::stderr().is_terminal(),
            colour,
            level: Level::Warning,
            format: MessageFormat::Text,
        }
    }

    /// Streams in memory, which are not terminals. Also returns the two outputs.
    pub fn memory(stdin: &str) -> (Self, Buffer, Buffer) {
        let (stdout, stderr) = (Buffer::default(), Buffer::default());
        let streams = Self {
            stdin: Arc::new(Mutex::new(io::Cursor::new(stdin.as_bytes().to_vec()))),
            stdout: Some(Arc::new(Mutex::new(stdout.clone()))),
            stderr: Arc::new(Mutex::new(stderr.clone())),
            stdout_tty: false,
            stderr_tty: false,
            colour: false,
            level: Level::Warning,
            format: MessageFormat::Text,
        };
        (streams, stdout, stderr)
    }

    /// The same streams without a standard output: writing to it fails, as to a closed descriptor.
    #[must_use]
    pub fn without_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    /// The standard output of a program that this one starts: it cannot write either where this one cannot.
    pub fn stdout_of_child(&self) -> Stdio {
        // A file that is open for reading only fails as a closed descriptor does.
        let closed = self.stdout.is_none().then(|| std::fs::File::open("/dev/null").ok());
        closed.flatten().map_or_else(Stdio::inherit, Stdio::from)
    }

    /// The same streams with another message level.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same streams with messages in another format.
    #[must_use]
    pub fn with_format(mut self, format: MessageFormat) -> Self {
        self.format = format;
        self
    }

    /// Standard input, for what is too large to hold.
    pub fn stdin(&self) -> impl Read {
        Stdin(Arc::clone(&self.stdin))
    }

    /// Reads at most `most` bytes from standard input.
    ///
    /// # Errors
    /// When reading fails.
    pub fn read_stdin(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        (&mut *stdin).take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes bytes to standard output.
    ///
    /// # Errors
    /// When writing fails; a reader that closed the pipe (`| head -1`) is not an error.
    pub fn write_stdout(&self, bytes: &[u8]) -> io::Result<()> {
        self.offer_stdout(bytes).map(|_| ())
    }

    /// Writes bytes to standard output. Returns whether anybody still reads it: after `| head -1`, nobody does.
    ///
    /// # Errors
    /// When writing fails.
    pub fn offer_stdout(&self, bytes: &[u8]) -> io::Result<bool> {
        if bytes.is_empty() {
            return Ok(true);
        }
        let stdout = self.stdout.as_ref().ok_or_else(|| io::Error::other("it is not open"))?;
        let mut stdout = stdout.lock().unwrap_or_else(PoisonError::into_inner);
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Writes text to standard error unchanged. Failures are ignored.
    pub fn write_stderr(&self, text: &str) {
        let mut stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stderr.write_all(text.as_bytes());
    }

    /// Writes one message, `WARNING: …`, if the level allows it.
    fn message(&self, level: Level, code: Option<Code>, text: &str) {
        if !self.shows(level) {
            return;
        }
        let (prefix, colour) = level.prefix();
        let text = &self.shown(text);
        if self.format == MessageFormat::Json {
            let level = &prefix.to_lowercase();
            self.json(&Line { level, code, message: text, hint: None, exit_code: None });
        } else if self.stderr_tty && self.colour {
            self.write_stderr(&format!("{colour}{prefix}: {text}\x1b[0m\n"));
        } else {
            self.write_stderr(&format!("{prefix}: {text}\n"));
        }
    }

    fn json(&self, message: &Line<'_>) {
        // A message of texts and numbers always becomes JSON.
        self.write_stderr(&(serde_json::to_string(message).unwrap_or_default() + "\n"));
    }

    /// Whether messages are lines of JSON, so that nothing else may be written to standard error.
    pub fn writes_json(&self) -> bool {
        self.format == MessageFormat::Json
    }

    /// Writes an error and what to do next, one line each.
    pub fn error(&self, code: Code, text: &str, hints: &[String], exit_code: u8) {
        if self.format == MessageFormat::Json {
            let text = &self.shown(text);
            let hint = (!hints.is_empty()).then(|| self.shown(&hints.join("\n")).into_owned());
            let (code, exit_code) = (Some(code), Some(exit_code));
            self.json(&Line { level: "error", code, message: text, hint, exit_code });
            return;
        }
        self.message(Level::Error, Some(code), text);
        for hint in hints {
            self.write_stderr(&format!("{}\n", self.shown(hint)));
        }
    }

    /// The text of a message, cut after a limit, and on a terminal with visible control characters.
    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = without_commands(shortened(text));
        if self.stderr_tty { Cow::Owned(visible(&text).into_owned()) } else { text }
    }

    /// Whether messages of this level are shown.
    pub fn shows(&self, level: Level) -> bool {
        level <= self.level
    }

    /// Writes a warning.
    pub fn warning(&self, code: Code, text: &str) {
        self.message(Level::Warning, Some(code), text);
    }

    /// Writes a note that `az` does not write; suppressed together with warnings.
    pub fn note(&self, code: Code, text: &str) {
        self.write_note(code, text, None);
    }

    /// Writes how a command ended.
    pub fn summary(&self, text: &str, exit_code: u8) {
        self.write_note(Code::Summary, text, Some(exit_code));
    }

    fn write_note(&self, code: Code, text: &str, exit_code: Option<u8>) {
        if self.level < Level::Warning {
            return;
        }
        if self.format == MessageFormat::Json {
            let (code, message) = (Some(code), &*self.shown(text));
            self.json(&Line { level: "note", code, message, hint: None, exit_code });
        } else {
            self.write_stderr(&format!("NOTE: {}\n", self.shown(text)));
        }
    }

    /// Writes a line that `--verbose` shows.
    pub fn info(&self, text: &str) {
        self.message(Level::Info, None, text);
    }

    /// Writes a line that only `--debug` shows.
    pub fn debug(&self, text: &str) {
        self.message(Level::Debug, None, text);
    }

    /// A spinner on standard error during slow work, only on a terminal. Dropping it removes it.
    pub fn spinner(&self, text: &str) -> Spinner {
        if !self.stderr_tty || self.level < Level::Warning {
            return Spinner(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(visible(text).into_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Spinner(Some(bar))
    }
}

/// A spinner on a terminal, or nothing in a pipe.
#[derive(Debug)]
pub struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Changes the text.
    pub fn set_message(&self, text: impl Into<String>) {
        if let Some(bar) = &self.0 {
            bar.set_message(visible(&text.into()).into_owned());
        }
    }

    /// Removes the spinner.
    pub fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.clear();
    }
}
