//! `az`'s settings: the file `config`, and variables `AZURE_<SECTION>_<OPTION>`, which take precedence.

use super::{AzureError, read_text};
use crate::env::Env;
use configparser::ini::{Ini, IniDefault};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The sections of an INI file.
pub type Sections = HashMap<String, HashMap<String, Option<String>>>;

/// `az`'s settings.
#[derive(Debug, Clone)]
pub struct Config {
    env: Env,
    directory: PathBuf,
    sections: Sections,
}

impl Config {
    /// Reads the settings from the directory that `AZURE_CONFIG_DIR` names, `~/.azure` by default.
    ///
    /// # Errors
    /// [`AzureError`] if the file exists but is unreadable or damaged.
    pub fn load(env: &Env) -> Result<Self, AzureError> {
        let directory = env
            .path("AZURE_CONFIG_DIR")
            .or_else(|| env.home().map(|home| home.join(".azure")))
            .unwrap_or_else(|| PathBuf::from(".azure"));
        let sections = read_ini(&directory.join("config"))?;
        Ok(Self { env: env.clone(), directory, sections })
    }

    /// The directory with `az`'s files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The value of an option: from the variable, otherwise from the file.
    pub fn get(&self, section: &str, option: &str) -> Option<String> {
        self.variable(section, option).or_else(|| value(&self.sections, section, option))
    }

    /// The default for an argument: from the variable, otherwise from `.azure/config` in this directory or one above it
    /// (`az configure --scope local`), otherwise from the file.
    ///
    /// # Errors
    /// [`AzureError`] if a local file exists but is unreadable or damaged.
    pub fn default_for(&self, option: &str) -> Result<Option<String>, AzureError> {
        if let Some(value) = self.variable("defaults", option) {
            return Ok(Some(value));
        }
        let name = self.directory.file_name().unwrap_or_default();
        let here = self.env.current_directory();
        for directory in here.iter().flat_map(|here| here.ancestors()) {
            let local = directory.join(name);
            if local == self.directory {
                break;
            }
            if let Some(value) = value(&read_ini(&local.join("config"))?, "defaults", option) {
                return Ok(Some(value));
            }
        }
        Ok(value(&self.sections, "defaults", option))
    }

    /// A yes-or-no option.
    ///
    /// # Errors
    /// [`AzureError::Setting`] if it is neither.
    pub fn flag(&self, section: &str, option: &str) -> Result<bool, AzureError> {
        let Some(text) = self.get(section, option) else { return Ok(false) };
        match text.to_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => Ok(true),
            "0" | "no" | "false" | "off" => Ok(false),
            _ => Err(AzureError::Setting {
                name: variable_name(section, option),
                value: text,
                expected: "one of 1, yes, true, on, 0, no, false, off".to_owned(),
            }),
        }
    }

    fn variable(&self, section: &str, option: &str) -> Option<String> {
        self.env.var(&variable_name(section, option))
    }
}

fn variable_name(section: &str, option: &str) -> String {
    format!("AZURE_{}_{}", section.to_uppercase(), option.to_uppercase())
}

fn value(sections: &Sections, section: &str, option: &str) -> Option<String> {
    let value = sections.get(section)?.get(option)?.clone()?;
    Some(value).filter(|value| !value.is_empty())
}

/// Reads an INI file as Python's configparser does.
///
/// Section names keep their case, option names do not, and comments are on lines of their own. A file that does not
/// exist has no sections.
///
/// # Errors
/// [`AzureError`] if the file exists but is unreadable or damaged.
pub fn read_ini(path: &Path) -> Result<Sections, AzureError> {
    let Some(text) = read_text(path)? else { return Ok(Sections::new()) };
    parse_ini(&text).map_err(|detail| AzureError::Damaged {
        path: path.to_owned(),
        // It quotes the line, which may be long.
        detail: detail.chars().take(200).collect(),
        remedy: "Fix or remove the file",
    })
}

fn parse_ini(text: &str) -> Result<Sections, String> {
    // Python reads these files as UTF-8 and fails on a byte order mark; accepting one costs nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut settings = IniDefault::default();
    settings.case_sensitive = true;
    settings.inline_comment_symbols = Some(Vec::new());
    settings.default_section = "DEFAULT".to_owned();
    let sections = Ini::new_from_defaults(settings).read(text.to_owned())?;
    let lower = |options: HashMap<String, Option<String>>| {
        options.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect()
    };
    let sections: Sections =
        sections.into_iter().map(|(name, options)| (name, lower(options))).collect();
    // An option without a value, or outside a section, suggests a half-written line.
    for (name, options) in &sections {
        if let Some(option) = options.iter().find(|(_, v)| v.is_none()).map(|(k, _)| k) {
            return Err(format!("'{option}' in section [{name}] has no value"));
        }
        if name == "DEFAULT" && !options.is_empty() && !text.contains("[DEFAULT]") {
            return Err("it does not begin with a section header".to_owned());
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ini_files_read_as_in_python() {
        let sections = parse_ini(
            "# comment\n[cloud]\nName = AzureCloud ; not a comment\n\n[My Cloud]\nendpoint_resource_manager = https://arm:443/x=y\n",
        )
        .unwrap();
        assert_eq!(value(&sections, "cloud", "name").unwrap(), "AzureCloud ; not a comment");
        assert_eq!(
            value(&sections, "My Cloud", "endpoint_resource_manager").unwrap(),
            "https://arm:443/x=y"
        );
        assert_eq!(value(&sections, "my cloud", "endpoint_resource_manager"), None);
    }

    #[test]
    fn half_written_files_are_errors() {
        for text in ["[cloud", "[cloud]\nname", "name = x"] {
            assert!(parse_ini(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let sections = parse_ini("\u{feff}[cloud]\nname = x\n").unwrap();
        assert_eq!(value(&sections, "cloud", "name").unwrap(), "x");
    }
}
