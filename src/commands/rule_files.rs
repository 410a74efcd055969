//! Rule files of firewalls that the user names, and the files that they include, as one policy.

use super::input::{self, shown};
use crate::error::UserError;
use crate::firewall::policy::{Includes, Policy, RuleFile};
use crate::firewall::{JUDGED, Language, names_any};
use crate::session::Session;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

/// The most rules that are read, in bytes, included files among them.
const MAX_RULES: usize = 256 << 20;
/// The most files that rules may include: a file can include itself.
const MAX_READ: usize = 10_000;
/// The most files that one pattern may include.
const MAX_INCLUDED: usize = 1_000;
/// In how many parts of a path a pattern may have wildcards: each can lead through a whole file system.
const MAX_WILD: usize = 2;

/// How glob(3) reads patterns: no wildcard stands for a slash, or for a dot at the beginning of a name.
const GLOB: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Rules that have been read.
pub struct Rules {
    /// What they decide.
    pub policy: Box<dyn Policy>,
    /// Their language.
    pub language: Language,
    /// The files that the user named.
    pub files: Vec<RuleFile>,
    /// The files that those include.
    pub included: Vec<String>,
}

/// Reads rules.
///
/// # Arguments
/// * `names` - files and directories.
/// * `from` - the language, if the user names it.
///
/// # Errors
/// A file cannot be read, the files are in several languages, or their program would refuse them.
pub fn read(names: &[String], from: Option<&str>, session: &Session) -> Result<Rules, UserError> {
    let files = read_files(names, session)?;
    let language = language(from, &files)?;
    let includes = LocalFiles::new(names.first().map_or("", String::as_str), session);
    let policy = language
        .read(&files, &includes, from.is_some())
        .map_err(|e| UserError::new(format!("The rules cannot be checked: {e}")))?;
    Ok(Rules { policy, language, files, included: includes.read.take() })
}

/// The files that the user names, and those in directories that the user names.
fn read_files(names: &[String], session: &Session) -> Result<Vec<RuleFile>, UserError> {
    let mut files = Vec::new();
    let mut size = 0;
    for name in names {
        for name in files_of(name)? {
            let bytes = input::read(&name, MAX_RULES, "a rule file", session)?;
            size += bytes.len();
            if size > MAX_RULES {
                let message = "The rule files are larger than 256 MiB together, the limit.";
                return Err(UserError::new(message));
            }
            let text = input::decode_lossy(bytes);
            let name = shown(&name);
            if text.contains('\0') {
                let message = format!("{name} cannot be checked: it is binary, not a rule file");
                return Err(UserError::new(message));
            }
            files.push(RuleFile { name: name.into(), text });
        }
    }
    Ok(files)
}

/// A file itself, or the files in a directory, sorted.
fn files_of(name: &str) -> Result<Vec<String>, UserError> {
    let path = Path::new(name);
    if name == "-" || !path.is_dir() {
        return Ok(vec![name.to_owned()]);
    }
    let unreadable = |e| UserError::new(format!("cannot read {name}: {e}"));
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path().to_string_lossy().into_owned());
        }
    }
    files.sort_unstable();
    if files.is_empty() {
        return Err(UserError::new(format!("there is no file in the directory {name}")));
    }
    Ok(files)
}

/// The language that the user names, or that of the content.
fn language(from: Option<&str>, files: &[RuleFile]) -> Result<Language, UserError> {
    let said = JUDGED.into_iter().find(|(name, _)| from == Some(*name));
    if let Some((_, language)) = said {
        return Ok(language);
    }
    let languages: Vec<_> =
        files.iter().map(|file| (Language::recognise(&file.text), file)).collect();
    let goes_with_all = |(language, _): &&(Language, &RuleFile)| {
        languages.iter().all(|(other, _)| language.goes_with(*other))
    };
    let chosen = languages.iter().find(goes_with_all).or_else(|| languages.first());
    let Some((language, first)) = chosen.copied() else { return Ok(Language::List) };
    if let Some((other, file)) = languages.iter().find(|(other, _)| !language.goes_with(*other)) {
        let name = |language: Language| language.name().unwrap_or("in an unknown language");
        let message = format!(
            "The files of one check must be in one language: {} is {}, {} is {}.",
            first.name,
            name(language),
            file.name,
            name(*other)
        );
        return Err(
            UserError::new(message).hint("If that is wrong, name the language: --from FORMAT")
        );
    }
    if language == Language::Other && !files.iter().any(|file| names_any(&file.text)) {
        let message = format!("{} cannot be checked: there is no host name in it", first.name);
        return Err(UserError::new(message));
    }
    Ok(language)
}

/// Files of this machine that rules include.
struct LocalFiles<'a> {
    /// Where relative paths begin: the directory of the first file.
    base: PathBuf,
    left: Cell<usize>,
    /// The files that were read.
    read: RefCell<Vec<String>>,
    session: &'a Session,
}

impl<'a> LocalFiles<'a> {
    fn new(first: &str, session: &'a Session) -> Self {
        let base = Path::new(first).parent().map(Path::to_path_buf).unwrap_or_default();
        Self { base, left: Cell::new(MAX_RULES), read: RefCell::default(), session }
    }

    fn path(&self, path: &str) -> String {
        // An absolute path replaces the base.
        self.base.join(path).to_string_lossy().into_owned()
    }
}

impl Includes for LocalFiles<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let path = self.path(path);
        // A pipe or a device could block, or never end.
        if !Path::new(&path).is_file() {
            return Err(format!("the file {path} is not here"));
        }
        if self.read.borrow().len() >= MAX_READ {
            return Err(format!("the rules include more than {MAX_READ} files"));
        }
        let bytes = input::read(&path, self.left.get(), "included rules", self.session)
            .map_err(|e| e.to_string())?;
        self.left.set(self.left.get() - bytes.len());
        self.read.borrow_mut().push(path);
        Ok(input::decode_lossy(bytes))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        // `**` is no pattern of glob(3), which the programs use.
        let wild = pattern.split('/').filter(|part| part.contains(['*', '?', '[']));
        if pattern.contains("**") || wild.count() > MAX_WILD {
            let limit = format!("more than {MAX_WILD} parts of a path");
            return Err(format!("{pattern} is not followed: it has ** or wildcards in {limit}"));
        }
        // The directory itself is no pattern.
        let base = glob::Pattern::escape(&self.base.to_string_lossy());
        let path = Path::new(&base).join(pattern);
        let found = glob::glob_with(&path.to_string_lossy(), GLOB);
        let found = found.map_err(|e| format!("the pattern {pattern} cannot be read: {e}"))?;
        let files = found.flatten().filter(|path| path.is_file()).take(MAX_INCLUDED + 1);
        let files: Vec<String> = files.map(|path| path.to_string_lossy().into_owned()).collect();
        if files.len() > MAX_INCLUDED {
            return Err(format!("{pattern} includes more than {MAX_INCLUDED} files"));
        }
        Ok(files)
    }
}
