//! The documents of the policy folder: what each file says now, and what of it was last accepted.
//!
//! A file is accepted whole or not at all. One that is refused changes nothing: what it last said
//! stays in force, also over a restart, and its diagnostics say why.

use std::collections::BTreeMap;

use podwall_files::PolicyFile;
use podwall_model::PolicyId;
use podwall_policy::rule::Policy;
use podwall_policy::{Checked, Severity, check};
use podwall_wire::rest::Diagnostic;

/// All files of the folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents {
    files: BTreeMap<String, FileState>,
    /// The texts of test files, by name: they are about policies and none themselves.
    tests: BTreeMap<String, String>,
}

/// One file of the folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileState {
    /// Its text as it is now; absent where it cannot be read.
    pub(crate) text: Option<String>,
    /// Whether it could be written.
    pub(crate) writable: bool,
    /// What it says now, with the documents that are refused.
    pub(crate) checked: Checked,
    /// What is to be said about it.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What is in force of it.
    pub(crate) accepted: Option<Accepted>,
}

/// What is in force of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The text that was accepted.
    pub(crate) text: String,
    /// What it says.
    pub(crate) policies: Vec<Policy>,
}

impl FileState {
    /// Whether what it says now is not what is in force.
    pub(crate) fn refused(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == "error")
    }
}

impl Documents {
    /// The files as they were last accepted, before anything was read.
    pub(crate) fn remembered(texts: &BTreeMap<String, String>) -> Documents {
        let files = texts.iter().map(|(name, text)| {
            let checked = check(text, name);
            let accepted = Accepted { text: text.clone(), policies: checked.policies };
            (name.clone(), FileState { accepted: Some(accepted), ..FileState::default() })
        });
        Documents { files: files.collect(), tests: BTreeMap::new() }
    }

    /// Takes the folder as it was read. What is in force changes with files that are accepted and
    /// with files that are gone.
    pub(crate) fn take(&mut self, read: Vec<PolicyFile>) {
        let mut before = std::mem::take(&mut self.files);
        let mut taken = BTreeMap::new();
        self.tests.clear();
        for file in read {
            let known = before.remove(&file.name);
            let mut state = checked(&file);
            if let (Some(text), true) = (&state.text, is_test(&state)) {
                self.tests.insert(file.name, text.clone());
                continue;
            }
            refuse_repeated(&mut state, &file.name, &mut taken);
            state.accepted = match (state.refused(), state.text.clone()) {
                (false, Some(text)) => {
                    let policies = state.checked.policies.clone();
                    Some(Accepted { text, policies })
                }
                (true, _) | (false, None) => known.and_then(|known| known.accepted),
            };
            self.files.insert(file.name, state);
        }
    }

    /// The files by name.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&String, &FileState)> {
        self.files.iter()
    }

    /// The test files, by name, with their texts.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&String, &String)> {
        self.tests.iter()
    }

    /// What is in force, by file.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = (&String, &Accepted)> {
        self.files.iter().filter_map(|(name, file)| Some((name, file.accepted.as_ref()?)))
    }

    /// The policies in force.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.accepted().flat_map(|(_, accepted)| &accepted.policies)
    }

    /// The file a policy stands in, as it is in force or as it is now.
    pub(crate) fn file_of(&self, id: &str) -> Option<(&String, &FileState)> {
        self.files.iter().find(|(_, file)| {
            let accepted = file.accepted.iter().flat_map(|accepted| &accepted.policies);
            let mut named = accepted.map(|policy| &policy.id).chain(file.written());
            named.any(|its| its.to_string() == id)
        })
    }
}

impl FileState {
    /// How many documents of it are refused: at least one, where the file is.
    pub(crate) fn refused_documents(&self) -> u32 {
        let refused = self.checked.documents.iter().filter(|document| !document.accepted);
        u32::try_from(refused.count().max(1)).unwrap_or(u32::MAX)
    }

    /// The ids of the documents it holds now, as far as they can be read.
    pub(crate) fn written(&self) -> impl Iterator<Item = &PolicyId> {
        self.checked.documents.iter().filter_map(|document| document.id.as_ref())
    }
}

fn checked(file: &PolicyFile) -> FileState {
    match &file.text {
        Ok(text) => {
            let checked = check(text, &file.name);
            let diagnostics = checked.diagnostics.iter().map(shown).collect();
            FileState {
                text: Some(text.clone()),
                writable: file.writable,
                checked,
                diagnostics,
                accepted: None,
            }
        }
        Err(unusable) => FileState {
            writable: file.writable,
            diagnostics: vec![error("PW0001", &unusable.to_string(), 1, 1)],
            ..FileState::default()
        },
    }
}

/// Whether every document of a file is a test. One that holds a policy as well is refused whole:
/// its policy is not left out in silence.
fn is_test(state: &FileState) -> bool {
    let about_kind = |finding: &Diagnostic| {
        finding.code == "PW0104" && finding.message.ends_with("`PolicyTest`")
    };
    !state.diagnostics.is_empty()
        && state.diagnostics.len() == state.checked.documents.len()
        && state.diagnostics.iter().all(about_kind)
}

/// A policy stands in one file; the second file in the order of names is refused.
fn refuse_repeated(state: &mut FileState, name: &str, taken: &mut BTreeMap<PolicyId, String>) {
    let mut repeated = Vec::new();
    for document in &state.checked.documents {
        let Some(id) = &document.id else { continue };
        match taken.get(id) {
            Some(first) if first != name => {
                let message =
                    format!("the same policy stands in another file: `{id}` in `{first}`");
                let mut finding =
                    error("PW0106", &message, document.span.line, document.span.column);
                finding.hint = Some("one of the two has to go, or to take another name".into());
                repeated.push(finding);
            }
            Some(_) => {}
            None => {
                taken.insert(id.clone(), name.to_owned());
            }
        }
    }
    state.diagnostics.extend(repeated);
}

fn shown(finding: &podwall_policy::Diagnostic) -> Diagnostic {
    Diagnostic {
        code: finding.code.to_string(),
        severity: match finding.severity {
            Severity::Error => "error".to_owned(),
            Severity::Warning => "warning".to_owned(),
        },
        message: finding.message.clone(),
        hint: finding.help.clone(),
        line: finding.span.line,
        column: finding.span.column,
    }
}

fn error(code: &str, message: &str, line: u32, column: u32) -> Diagnostic {
    let (message, hint) = match message.split_once(", hint: ") {
        Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
        None => (message.to_owned(), None),
    };
    Diagnostic { code: code.to_owned(), severity: "error".to_owned(), message, hint, line, column }
}
