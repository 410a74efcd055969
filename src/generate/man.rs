//! Man pages in man(7), from the command tree.

use super::{ENVIRONMENT, FILES};
use clap::{Arg, ArgAction, Command};
use std::fmt::Write as _;

/// The day of the release, which man pages show.
pub const DATE: &str = "2026-11-30";
const STATUS: [(&str, &str); 4] = [
    ("0", "Success."),
    ("1", "Failure: Azure refused, a check found something, or an answer is incomplete."),
    ("2", "The command line is invalid."),
    ("3", "The resource does not exist (HTTP 404)."),
];

/// Returns the file name and text of each page: one for the program and one for each command.
pub fn pages(mut tree: Command) -> Vec<(String, Vec<u8>)> {
    tree.build();
    let mut pages = Vec::new();
    collect(&tree, &[], &mut pages);
    pages
}

fn collect(command: &Command, parents: &[&str], pages: &mut Vec<(String, Vec<u8>)>) {
    let path = [parents, &[command.get_name()]].concat();
    pages.push((format!("{}.1", path.join("-")), page(command, &path).into_bytes()));
    for sub in subcommands(command) {
        collect(sub, &path, pages);
    }
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_hide_set())
}

fn page(command: &Command, path: &[&str]) -> String {
    let name = path.join("-");
    let mut page = Page(String::new());
    let version = env!("CARGO_PKG_VERSION");
    page.line(&format!(
        ".TH {} 1 {DATE} \"az-acr {version}\" \"az-acr manual\"",
        name.to_uppercase()
    ));
    page.section("NAME");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.text(&format!("{name} - {}", lower_first(&about)));
    page.section("SYNOPSIS");
    page.line(&format!(".B {}", escaped(&path.join(" "))));
    for arg in arguments(command).filter(|arg| !is_global(arg)) {
        page.line(&synopsis(arg));
    }
    if subcommands(command).next().is_some() {
        page.line(".I COMMAND");
    }
    page.line("[\\fIglobal options\\fR]");
    page.section("DESCRIPTION");
    let long = command.get_long_about().or_else(|| command.get_about());
    page.text(&format!("{}.", long.map(ToString::to_string).unwrap_or_default()));
    page.options(command);
    if subcommands(command).next().is_some() {
        page.section("COMMANDS");
        for sub in subcommands(command) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            page.item(&format!("\\fB{}\\fR", escaped(sub.get_name())), &format!("{about}."));
        }
    }
    page.table("EXIT STATUS", &STATUS);
    page.table("ENVIRONMENT", &ENVIRONMENT);
    page.table("FILES", &FILES);
    page.examples(command);
    page.see_also(command, path);
    page.0
}

fn is_global(arg: &Arg) -> bool {
    arg.is_global_set()
}

/// The text of one page.
struct Page(String);

impl Page {
    /// A line of roff.
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    /// Text of any length, on lines of at most 80 characters.
    fn text(&mut self, text: &str) {
        for (i, paragraph) in text.split("\n\n").enumerate() {
            if i > 0 {
                self.line(".PP");
            }
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let word = escaped(word);
                if !line.is_empty() && line.len() + 1 + word.len() > 78 {
                    self.line(&line);
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            self.line(&line);
        }
    }

    /// A term, which is roff, and its explanation.
    fn item(&mut self, term: &str, text: &str) {
        self.line(".TP");
        self.line(term);
        let mut paragraphs = text.split("\n\n");
        self.text(paragraphs.next().unwrap_or_default());
        for paragraph in paragraphs {
            // Indented as the first one.
            self.line(".IP");
            self.text(paragraph);
        }
    }

    fn table(&mut self, title: &str, rows: &[(&str, &str)]) {
        self.section(&format!("\"{title}\""));
        for (term, text) in rows {
            self.item(&format!("\\fB{}\\fR", escaped(term)), text);
        }
    }

    /// The options by their headings; those of all commands come last.
    fn options(&mut self, command: &Command) {
        let mut headings: Vec<Option<&str>> = Vec::new();
        for arg in arguments(command) {
            if !headings.contains(&arg.get_help_heading()) {
                headings.push(arg.get_help_heading());
            }
        }
        headings.sort_by_key(|heading| *heading == Some("Global options"));
        for heading in headings {
            self.section(&format!("\"{}\"", heading.unwrap_or("Options").to_uppercase()));
            for arg in arguments(command).filter(|arg| arg.get_help_heading() == heading) {
                let help = arg.get_long_help().or_else(|| arg.get_help());
                let help = help.map(ToString::to_string).unwrap_or_default();
                let (first, rest) = help.split_once("\n\n").unwrap_or((&help, ""));
                let more = if rest.is_empty() { String::new() } else { format!("\n\n{rest}") };
                self.item(&term(arg), &format!("{}.{more}", first.trim_end_matches('.')));
            }
        }
    }

    fn examples(&mut self, command: &Command) {
        let help = command.get_after_long_help().or_else(|| command.get_after_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let Some((_, examples)) = help.split_once("Examples:\n") else { return };
        self.section("EXAMPLES");
        self.line(".nf");
        for example in examples.lines().take_while(|line| line.starts_with(' ')) {
            self.line(&escaped(example.strip_prefix("  ").unwrap_or(example)));
        }
        self.line(".fi");
    }

    fn see_also(&mut self, command: &Command, path: &[&str]) {
        let own = path.join("-");
        let above = path.len().checked_sub(1).filter(|n| *n > 0).map(|n| path[..n].join("-"));
        let below = subcommands(command).map(|sub| format!("{own}-{}", sub.get_name()));
        let pages: Vec<String> = above.into_iter().chain(below).collect();
        self.section("\"SEE ALSO\"");
        let last = pages.len().saturating_sub(1);
        for (i, page) in pages.iter().enumerate() {
            let comma = if i == last { "" } else { "," };
            self.line(&format!(".BR {} (1){comma}", escaped(page)));
        }
    }
}

/// The flags of an argument and its values.
fn term(arg: &Arg) -> String {
    let mut flags: Vec<String> = Vec::new();
    flags.extend(arg.get_short().map(|short| format!("\\fB\\-{short}\\fR")));
    flags.extend(arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", escaped(long))));
    let values = values(arg);
    match (flags.is_empty(), values.is_empty()) {
        (true, _) => values,
        (false, true) => flags.join(", "),
        (false, false) => format!("{} {values}", flags.join(", ")),
    }
}

/// `NAME`, `NAME ...` or `[NAME]`.
fn values(arg: &Arg) -> String {
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return String::new();
    }
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<String> =
        names.iter().map(|name| format!("\\fI{}\\fR", escaped(name))).collect();
    let names = names.join(" ");
    let range = arg.get_num_args().unwrap_or_default();
    let more = if range.max_values() > 1 { " ..." } else { "" };
    if range.min_values() == 0 { format!("[{names}{more}]") } else { format!("{names}{more}") }
}

fn synopsis(arg: &Arg) -> String {
    let flag = match (arg.get_short(), arg.get_long()) {
        (Some(short), _) => format!("\\fB\\-{short}\\fR"),
        (None, Some(long)) => format!("\\fB\\-\\-{}\\fR", escaped(long)),
        (None, None) => String::new(),
    };
    let both = format!("{flag} {}", values(arg));
    if arg.is_required_set() { both.trim().to_owned() } else { format!("[{}]", both.trim()) }
}

/// Text without meaning in roff.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '…' => escaped.push_str("..."),
            '.' if escaped.is_empty() => escaped.push_str("\\&."),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The first letter in lower case: descriptions in NAME are no sentences.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    // Writing to a String cannot fail.
    let mut lower = String::new();
    let _ = write!(lower, "{first}{}", chars.as_str());
    lower
}
