//! Reading test files into cases. Whatever is not understood is an error with its place.

use std::path::Path;

use podwall_author::spec::{Change, Invalid, Outcome, Sent, Spec, State, Step, Test};
use podwall_model::{Direction, IcmpFamily, Mode, Protocol, WorkloadName, World};
use podwall_policy::judge::Enforcement;
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_policy::{
    DefaultDeny, Dialect, Reading, Severity, UnnamedCluster, check_as, icmp_kind,
};
use serde_saphyr::{Location, Spanned};
use thiserror::Error;

use super::conversation::conversation;
use super::document::{ChangeEntry, Document, Expectations, OptionsEntry, Source, TestEntry};
use super::find::{straight, text_of};
use crate::source::SourceText;
use crate::world::{Document as WorldDocument, parse_world};

/// The kind of test files.
pub(super) const KIND: &str = "PolicyTest";

/// Why a test file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {message}")]
pub struct SpecError {
    /// The file.
    pub file: String,
    /// The line; 0 where the file as a whole is meant.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// Where a file is read from, and the world that it has without one of its own.
#[derive(Clone, Copy)]
struct Setting<'a> {
    file: &'a str,
    folder: &'a Path,
    defaults: &'a Defaults<'a>,
}

/// What a test file has that says nothing itself.
#[derive(Clone, Copy, Debug)]
pub struct Defaults<'a> {
    /// Its world.
    pub world: &'a World,
    /// Its policies.
    pub policies: &'a [SourceText],
    /// Where files are found that a test names.
    pub named: Named,
}

/// Where files are found that a test names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// On the disk, or at the revision they name.
    OnDisk,
    /// Among the policies that are given, by their names: nothing else is read.
    Given,
}

impl Setting<'_> {
    fn error(&self, at: Option<&Location>, message: impl Into<String>) -> SpecError {
        let line = at.map_or(0, Location::line);
        SpecError { file: self.file.to_owned(), line, message: message.into() }
    }
}

/// A world that stands in a file of its own.
pub fn read_world(path: &Path) -> Result<World, SpecError> {
    let text = text_of(path)?;
    let file = path.display().to_string();
    match parse_world(&text) {
        Ok(workloads) => Ok(workloads.world),
        Err(error) => Err(SpecError { file, line: error.line.into(), message: error.message }),
    }
}

/// The cases of one file's text.
pub fn read_text(text: &str, path: &Path, world: &World) -> Result<Vec<Spec>, SpecError> {
    read_with(text, path, &Defaults { world, policies: &[], named: Named::OnDisk })
}

/// The cases of one file's text, with what it leaves unsaid.
pub fn read_with(text: &str, path: &Path, defaults: &Defaults<'_>) -> Result<Vec<Spec>, SpecError> {
    let file = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    let setting = Setting { file: &file, folder, defaults };
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let documents: Vec<Document> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| setting.error(error.location().as_ref(), error.to_string()))?;
    documents.into_iter().map(|document| read(document, &setting)).collect()
}

fn read(document: Document, setting: &Setting<'_>) -> Result<Spec, SpecError> {
    for (found, wanted) in [(&document.api_version, "podwall.io/v1"), (&document.kind, KIND)] {
        if found.value != wanted {
            let message = format!("`{}` is not read here, hint: write {wanted}", found.value);
            return Err(setting.error(Some(&found.referenced), message));
        }
    }
    let mut state = options(&document.options, setting)?;
    state.world = match document.world {
        Some(world) => of_world(world, setting)?,
        None => setting.defaults.world.clone(),
    };
    if document.policies.is_empty() {
        for source in setting.defaults.policies {
            state.policies.extend(accepted(&source.text, &source.name, &state.dialect, setting)?);
        }
    }
    for source in &document.policies {
        state.policies.extend(policies(source, &state.dialect, setting)?);
    }
    let steps = document
        .steps
        .into_iter()
        .map(|step| {
            let changes = changes(step.change, &state.dialect, setting)?;
            Ok(Step { changes, tests: tests(&step.tests, setting)? })
        })
        .collect::<Result<Vec<Step>, SpecError>>()?;
    let invalid = document.invalid.iter().map(|entry| {
        let source = Source { file: entry.value.file.clone(), inline: entry.value.inline.clone() };
        let (text, _) = text(&source, &entry.referenced, setting)?;
        let (message, code) = (entry.value.expect.clone(), entry.value.code.clone());
        if message.is_none() && code.is_none() {
            let message = "an invalid document needs `expect` or `code`";
            return Err(setting.error(Some(&entry.referenced), message));
        }
        Ok(Invalid { line: line(&entry.referenced), text, message, code })
    });
    Ok(Spec {
        file: setting.file.to_owned(),
        name: document.metadata.name,
        labels: document.metadata.labels,
        tests: tests(&document.tests, setting)?,
        steps,
        invalid: invalid.collect::<Result<_, _>>()?,
        state,
    })
}

fn of_world(world: WorldDocument, setting: &Setting<'_>) -> Result<World, SpecError> {
    match world.into_workloads() {
        Ok(workloads) => Ok(workloads.world),
        Err(error) => Err(SpecError {
            file: setting.file.to_owned(),
            line: error.line.into(),
            message: error.message,
        }),
    }
}

fn options(entry: &OptionsEntry, setting: &Setting<'_>) -> Result<State, SpecError> {
    let mut options = Options {
        host_access: entry.host_access,
        host_policies: entry.host_policies,
        node_labels: entry.node_labels,
        ..Options::default()
    };
    for kind in &entry.cidr_match {
        match kind.value.as_str() {
            "nodes" => options.cidr_means_nodes = true,
            "pods" => options.cidr_means_pods = true,
            other => {
                let message = format!("neither nodes nor pods: `{other}`");
                return Err(setting.error(Some(&kind.referenced), message));
            }
        }
    }
    options.mode = mode(&entry.mode, setting)?;
    let enforcement = match entry.enforcement.value.as_str() {
        "default" => Enforcement::Default,
        "always" => Enforcement::Always,
        "never" => Enforcement::Never,
        other => {
            let message = format!("neither default, always nor never: `{other}`");
            return Err(setting.error(Some(&entry.enforcement.referenced), message));
        }
    };
    let dialect = Dialect {
        cluster: entry.cluster.clone(),
        unnamed_cluster: match entry.local_cluster_only {
            true => UnnamedCluster::Local,
            false => UnnamedCluster::Any,
        },
        gate: podwall_policy::Gate::Present,
        default_deny: match entry.non_default_deny {
            true => DefaultDeny::AsWritten,
            false => DefaultDeny::Forced,
        },
        node_labels: if entry.node_labels { Reading::Accepted } else { Reading::Refused },
        // Where policies about nodes do not hold they are still read, and have no effect.
        host_policies: Reading::Accepted,
    };
    Ok(State { world: World::default(), policies: Vec::new(), options, dialect, enforcement })
}

fn mode(word: &Spanned<String>, setting: &Setting<'_>) -> Result<Mode, SpecError> {
    word.value.parse().map_err(|error: podwall_model::UnknownMode| {
        setting.error(Some(&word.referenced), error.to_string())
    })
}

fn text(
    source: &Source,
    at: &Location,
    setting: &Setting<'_>,
) -> Result<(String, String), SpecError> {
    match (&source.file, &source.inline) {
        (Some(file), None) => match setting.defaults.named {
            Named::OnDisk => {
                let path = setting.folder.join(file);
                Ok((text_of(&path)?, path.display().to_string()))
            }
            Named::Given => given(file, at, setting),
        },
        (None, Some(text)) => Ok((text.clone(), setting.file.to_owned())),
        (None, None) | (Some(_), Some(_)) => {
            Err(setting.error(Some(at), "one of `file` and `inline` is wanted"))
        }
    }
}

/// A file among the given ones, by its name without steps up in it.
fn given(file: &str, at: &Location, setting: &Setting<'_>) -> Result<(String, String), SpecError> {
    let folder = setting.folder.to_str().unwrap_or_default();
    let name = straight(folder.split('/').chain(file.split('/')));
    let found = setting.defaults.policies.iter().find(|source| source.name == name);
    let found = found.filter(|_| !file.starts_with('/'));
    found.map(|source| (source.text.clone(), name.clone())).ok_or_else(|| {
        setting.error(Some(at), format!("no file of this folder is in force: `{file}`"))
    })
}

fn policies(
    source: &Spanned<Source>,
    dialect: &Dialect,
    setting: &Setting<'_>,
) -> Result<Vec<Policy>, SpecError> {
    let (text, file) = text(&source.value, &source.referenced, setting)?;
    accepted(&text, &file, dialect, setting)
        .map_err(|error| SpecError { line: source.referenced.line(), ..error })
}

/// The policies of a text, all of whose documents have to be accepted.
fn accepted(
    text: &str,
    file: &str,
    dialect: &Dialect,
    setting: &Setting<'_>,
) -> Result<Vec<Policy>, SpecError> {
    let checked = check_as(text, file, dialect);
    match checked.diagnostics.iter().find(|d| d.severity == Severity::Error) {
        Some(error) => Err(setting.error(None, error.to_string())),
        None => Ok(checked.policies),
    }
}

fn changes(
    entry: ChangeEntry,
    dialect: &Dialect,
    setting: &Setting<'_>,
) -> Result<Vec<Change>, SpecError> {
    let mut changes = Vec::new();
    if let Some(relabel) = entry.relabel {
        let Some((namespace, name)) = relabel.pod.value.split_once('/') else {
            let message = "a pod is written namespace/name";
            return Err(setting.error(Some(&relabel.pod.referenced), message));
        };
        let pod = WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() };
        changes.push(Change::Relabel { pod, labels: relabel.labels });
    }
    changes.extend(entry.delete.into_iter().map(Change::Delete));
    for source in &entry.apply {
        changes.extend(policies(source, dialect, setting)?.into_iter().map(Change::Apply));
    }
    if let Some(namespace) = entry.namespace {
        let mode = namespace.mode.as_ref().map(|word| mode(word, setting)).transpose()?;
        let labels = namespace.labels;
        changes.push(Change::Namespace { name: namespace.name, mode, labels });
    }
    Ok(changes)
}

fn tests(entries: &[Spanned<TestEntry>], setting: &Setting<'_>) -> Result<Vec<Test>, SpecError> {
    entries.iter().map(|entry| test(entry, setting)).collect()
}

fn test(entry: &Spanned<TestEntry>, setting: &Setting<'_>) -> Result<Test, SpecError> {
    let at = &entry.referenced;
    let test = &entry.value;
    let place = |text: &Spanned<String>| {
        text.value.parse().map_err(|message: String| setting.error(Some(&text.referenced), message))
    };
    let direction = match &test.direction {
        None => None,
        Some(word) => Some(match word.value.as_str() {
            "ingress" => Direction::Ingress,
            "egress" => Direction::Egress,
            other => {
                let message = format!("neither ingress nor egress: `{other}`");
                return Err(setting.error(Some(&word.referenced), message));
            }
        }),
    };
    let words = match &test.expect.value {
        Expectations::One(word) => std::slice::from_ref(word),
        Expectations::AnyOf(words) => words,
    };
    let expect = words.iter().map(|word| {
        let known = Outcome::WORDS.iter().find(|(name, _)| name == word);
        known.map(|(_, outcome)| *outcome).ok_or_else(|| {
            let message = format!("not an outcome: `{word}`");
            setting.error(Some(&test.expect.referenced), message)
        })
    });
    let flow = format!("{} to {}", test.from.value, test.to.value);
    Ok(Test {
        line: line(at),
        name: if test.name.is_empty() { flow } else { test.name.clone() },
        from: place(&test.from)?,
        to: place(&test.to)?,
        sent: sent(test).map_err(|message| setting.error(Some(at), message))?,
        conversation: conversation(test).map_err(|message| setting.error(Some(at), message))?,
        direction,
        expect: expect.collect::<Result<_, _>>()?,
        rule: test.rule.clone(),
        nearest: test.nearest.clone(),
    })
}

fn sent(test: &TestEntry) -> Result<Sent, String> {
    let icmp = |family: IcmpFamily| {
        let word = test.kind.as_ref().ok_or("ICMP needs a `type`")?;
        let kind = icmp_kind(family, &word.value)
            .ok_or_else(|| format!("not a type of this ICMP: `{}`", word.value))?;
        Ok(Sent { protocol: family.protocol(), port: kind.into() })
    };
    match (test.port.as_ref().map(|port| port.value.as_str()), test.proto) {
        (Some("icmp"), None) => icmp(IcmpFamily::V4),
        (Some("icmp6"), None) => icmp(IcmpFamily::V6),
        (Some(port), None) => {
            let unreadable = || format!("not a port: `{port}`, hint: as in 5432/TCP");
            let (number, protocol) = port.split_once('/').ok_or_else(unreadable)?;
            let protocol: Protocol = protocol.parse().map_err(|_| unreadable())?;
            if !protocol.has_ports() {
                return Err(unreadable());
            }
            Ok(Sent { protocol, port: number.parse().map_err(|_| unreadable())? })
        }
        (None, Some(number)) => Ok(Sent { protocol: Protocol(number), port: 0 }),
        (Some(_), Some(_)) | (None, None) => Err("one of `port` and `proto` is wanted".to_owned()),
    }
}

fn line(at: &Location) -> u32 {
    u32::try_from(at.line()).unwrap_or(u32::MAX)
}
