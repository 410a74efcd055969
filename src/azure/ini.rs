//! INI files as Python's `configparser.ConfigParser()` reads them, which is what `az` uses for `config` and `clouds.config`.
//!
//! Sections keep their case, options do not. A line that is indented more than its option continues the value. Comments
//! have lines of their own. What stands twice is an error. `%(name)s` is the value of another option, `%%` a percent sign.

use std::collections::HashMap;

/// The values of a section by option.
pub type Section = HashMap<String, String>;
/// The sections by name. All have the options of `[DEFAULT]`.
pub type Sections = HashMap<String, Section>;

const DEFAULTS: &str = "DEFAULT";
/// How deep values may refer to each other, as in Python.
const MAX_DEPTH: usize = 10;
/// How many references are followed for one value.
const MAX_REFERENCES: usize = 1_000;
/// The most options of all sections, with those of `[DEFAULT]` in each.
const MAX_OPTIONS: usize = 100_000;
/// The most bytes of the options of `[DEFAULT]`, which each section has.
const MAX_COPIED: usize = 64 << 20;
/// The most bytes that are made where values refer to others.
const MAX_EXPANDED: usize = 1 << 20;

/// Parses a file.
///
/// # Errors
/// What is wrong, and in which line.
pub fn parse(text: &str) -> Result<Sections, String> {
    // Python fails on a byte order mark; accepting one costs nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Python reads all three ways to end a line.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::default();
    for (number, line) in text.lines().enumerate() {
        reader.line(line).map_err(|error| format!("line {}: {error}", number + 1))?;
    }
    let mut sections = reader.sections;
    let defaults = sections.remove(DEFAULTS).unwrap_or_default();
    let options: usize = sections.values().map(|options| options.len() + defaults.len()).sum();
    if options > MAX_OPTIONS {
        return Err(format!(
            "it has more than {MAX_OPTIONS} options, with those of [{DEFAULTS}] in each section"
        ));
    }
    let bytes: usize = defaults.values().flatten().map(String::len).sum();
    if bytes.saturating_mul(sections.len()) > MAX_COPIED {
        return Err(format!(
            "the options of [{DEFAULTS}] are larger than {} MiB in all sections together",
            MAX_COPIED >> 20
        ));
    }
    let mut left = MAX_EXPANDED;
    let mut complete = |options: HashMap<String, Vec<String>>| {
        let mut raw: Section = defaults.iter().chain(&options).map(joined).collect();
        // A value that refers to nothing, or to too much, stays as it is; Python fails when somebody asks for it.
        let referring = raw.iter().filter(|(_, value)| value.contains('%'));
        let expanded: Vec<(String, String)> = referring
            .filter_map(|(name, value)| {
                Some((name.clone(), expand(value, &raw, MAX_DEPTH, (&mut 0, &mut left))?))
            })
            .collect();
        raw.extend(expanded);
        raw
    };
    Ok(sections.into_iter().map(|(name, options)| (name, complete(options))).collect())
}

fn joined((name, lines): (&String, &Vec<String>)) -> (String, String) {
    (name.clone(), lines.join("\n").trim_end_matches(is_space).to_owned())
}

/// White space for Python's `strip`, which has the separators of ASCII as well.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What has been read, and where the reader is.
#[derive(Default)]
struct Reader {
    sections: HashMap<String, HashMap<String, Vec<String>>>,
    section: Option<String>,
    option: Option<String>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let value = line.trim_matches(is_space);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if let Some(lines) = self.lines() {
            if value.is_empty() {
                lines.push(String::new());
                return Ok(());
            }
            if indent > self.indent {
                let Some(lines) = self.lines() else { return Ok(()) };
                lines.push(value.to_owned());
                return Ok(());
            }
        }
        if value.is_empty() {
            return Ok(());
        }
        self.indent = indent;
        match value.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            Some((name, _)) if !name.is_empty() => self.header(name),
            _ => self.assignment(value),
        }
    }

    /// The lines of the current option's value.
    fn lines(&mut self) -> Option<&mut Vec<String>> {
        self.sections.get_mut(self.section.as_ref()?)?.get_mut(self.option.as_ref()?)
    }

    fn header(&mut self, name: &str) -> Result<(), String> {
        if name != DEFAULTS && self.sections.contains_key(name) {
            return Err(format!("the section [{name}] stands there twice"));
        }
        self.sections.entry(name.to_owned()).or_default();
        self.section = Some(name.to_owned());
        self.option = None;
        Ok(())
    }

    fn assignment(&mut self, line: &str) -> Result<(), String> {
        let Some(section) = &self.section else {
            return Err("it does not begin with a section header".to_owned());
        };
        let Some((option, value)) = line.split_once(['=', ':']) else {
            return Err(format!("'{line}' in section [{section}] has no value"));
        };
        let option = option.trim_matches(is_space).to_lowercase();
        if option.is_empty() {
            return Err(format!("'{line}' in section [{section}] has no name"));
        }
        let options = self.sections.entry(section.clone()).or_default();
        if options.insert(option.clone(), vec![value.trim_matches(is_space).to_owned()]).is_some() {
            return Err(format!("'{option}' in section [{section}] stands there twice"));
        }
        self.option = Some(option);
        Ok(())
    }
}

/// A value with its references replaced; `None` if one of them is wrong.
///
/// # Arguments
/// * `references`, `left` - the references that were followed, and the bytes that may still be made.
fn expand(
    value: &str,
    options: &Section,
    depth: usize,
    (references, left): (&mut usize, &mut usize),
) -> Option<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (name, after) = after.strip_prefix('(')?.split_once(")s")?;
        let value = options.get(&name.to_lowercase())?;
        *references += 1;
        if *references > MAX_REFERENCES {
            return None;
        }
        let value = expand(value, options, depth.checked_sub(1)?, (references, left))?;
        *left = left.checked_sub(value.len())?;
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_read_as_in_python() {
        let sections = parse(
            "# comment\n[cloud]\nName = AzureCloud ; not a comment\n\n[My Cloud]\nhost: arm:443\n\
             url = https://%(host)s/x=y\nshare = 50%%\nlines = a\n  b\n[DEFAULT]\nsuffix = .io\n",
        )
        .unwrap();
        assert_eq!(sections["cloud"]["name"], "AzureCloud ; not a comment");
        let mine = &sections["My Cloud"];
        assert_eq!(mine["url"], "https://arm:443/x=y");
        assert_eq!(mine["share"], "50%");
        assert_eq!(mine["lines"], "a\nb");
        assert_eq!(mine["suffix"], ".io");
        assert!(!sections.contains_key("my cloud"));
    }

    #[test]
    fn damaged_files_are_errors() {
        for (text, error) in [
            ("[cloud", "line 1: it does not begin with a section header"),
            ("name = x", "line 1: it does not begin with a section header"),
            ("[cloud]\nname", "line 2: 'name' in section [cloud] has no value"),
            ("[cloud]\n= x", "line 2: '= x' in section [cloud] has no name"),
            ("[a]\n[b]\n[a]", "line 3: the section [a] stands there twice"),
            ("[a]\nx = 1\nX = 2", "line 3: 'x' in section [a] stands there twice"),
        ] {
            assert_eq!(parse(text).unwrap_err(), error);
        }
    }

    #[test]
    fn values_that_refer_to_themselves_end() {
        let sections = parse("[a]\nx = %(y)s%(y)s\ny = %(x)s\nz = 50%\n").unwrap();
        assert_eq!(sections["a"]["x"], "%(y)s%(y)s");
        assert_eq!(sections["a"]["z"], "50%");
    }

    #[test]
    fn values_of_all_sections_have_one_bound() {
        let long = "x".repeat(MAX_EXPANDED / 4);
        let sections = (0..100).map(|number| format!("[{number}]\n")).collect::<Vec<_>>().concat();
        let text = format!("[DEFAULT]\nlong = {long}\ncopy = %(long)s\n{sections}");
        let sections = parse(&text).unwrap();
        let expanded = sections.values().filter(|section| section["copy"] == long).count();
        assert_eq!(expanded, 4);
    }

    #[test]
    fn options_of_all_sections_are_not_copied_without_end() {
        let sections = (0..1_000).map(|number| format!("[{number}]\n")).collect::<Vec<_>>();
        let text = format!("[DEFAULT]\nx = {}\n{}", "x".repeat(100_000), sections.concat());
        let error = parse(&text).unwrap_err();
        assert!(error.contains("larger than 64 MiB in all sections together"), "{error}");
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(parse("\u{feff}[cloud]\nname = x\n").unwrap()["cloud"]["name"], "x");
    }
}
