//! Findings about what a policy probably was not meant to say: it is read, it is in force, and it
//! does something else than its author thinks.
//!
//! Errors of the language come first and are `policy::check`'s; what is found here never refuses a
//! document. Every finding has a stable code, a page that explains it, and a mend where one is
//! certain. A doubtful one is left out: a false finding costs more than a missed one.

mod catalog;
pub(crate) mod cover;
mod element;
mod elsewhere;
mod http;
mod mend;
mod names;
mod place;
mod shadow;
mod size;
mod world;
mod written;

use podwall_model::World;
use podwall_policy::rule::Policy;
use podwall_policy::target::Target;
use podwall_policy::{Code, Diagnostic, Dialect, Severity, Span, check_as};

pub use self::catalog::{PAGES, Page, page};
use self::element::Sheet;
pub use self::mend::{Edit, Mend, mended};
pub use self::size::Limits;
use podwall_policy::options::Options;

/// One text with the name that is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its name: a path, a path at a revision, or a word for standard input.
    pub file: String,
    /// What it says.
    pub text: String,
}

/// What the texts are read in.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// Who is there; without it nothing is said of what only a world can show.
    pub world: Option<&'a World>,
    /// The cluster-wide choices.
    pub options: Options,
    /// How documents are read.
    pub dialect: Dialect,
    /// How much the kernel's tables hold.
    pub limits: Option<Limits>,
    /// The version of Cilium that the policies are also meant for.
    pub target: Option<Target>,
}

impl Default for Surroundings<'_> {
    fn default() -> Self {
        let (options, dialect) = (Options::default(), crate::dialect());
        Surroundings { world: None, options, dialect, limits: None, target: None }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is found, and where.
    pub diagnostic: Diagnostic,
    /// How to mend it, where that is certain.
    pub mend: Option<Mend>,
}

/// What came of reading texts.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// Errors of the language and findings, in the order of files and places.
    pub findings: Vec<Finding>,
    /// The policies that can be used.
    pub policies: Vec<Policy>,
    /// How many documents there are.
    pub documents: usize,
    /// How many findings are not among these: more than anybody reads.
    pub left_out: usize,
}

/// The most findings that are kept.
const FINDINGS_AT_MOST: usize = 10_000;

/// Everything that the checks look at.
struct Desk<'a> {
    sheets: Vec<Sheet<'a>>,
    policies: &'a [Policy],
    around: &'a Surroundings<'a>,
}

impl Desk<'_> {
    fn find(
        &self,
        sheet: &Sheet<'_>,
        code: Code,
        span: Span,
        (message, help): (impl Into<String>, impl Into<String>),
    ) -> Finding {
        let diagnostic = Diagnostic {
            code,
            severity: Severity::Warning,
            message: message.into(),
            file: sheet.file.to_owned(),
            span,
            help: Some(help.into()),
        };
        Finding { diagnostic, mend: None }
    }
}

/// Reads texts and says what is to be said of them, all together: a rule in one file may be what
/// another one needs.
pub fn lint(texts: &[Text], around: &Surroundings<'_>) -> Linted {
    let mut linted = Linted::default();
    let mut read = Vec::new();
    for text in texts {
        let checked = check_as(&text.text, &text.file, &around.dialect);
        let said = checked.diagnostics.into_iter();
        linted.findings.extend(said.map(|diagnostic| Finding { diagnostic, mend: None }));
        linted.documents += checked.documents.len();
        let trees: Vec<_> = podwall_policy::yaml::trees(&text.text);
        read.push((text, trees, checked.documents, checked.policies.len()));
        linted.policies.extend(checked.policies);
    }
    let mut sheets = Vec::new();
    let mut policies = linted.policies.as_slice();
    for (text, trees, documents, count) in &read {
        let (own, rest) = policies.split_at(*count);
        sheets.extend(Sheet::all(text, trees, documents, own));
        policies = rest;
    }
    let desk = Desk { sheets, policies: &linted.policies, around };
    let mut found = Vec::new();
    for check in CHECKS {
        check(&desk, &mut found);
    }
    linted.findings.extend(found);
    let order = |file: &str| texts.iter().position(|text| text.file == file);
    linted.findings.sort_by_cached_key(|finding| {
        let Diagnostic { file, span, severity, code, message, .. } = &finding.diagnostic;
        (order(file), *span, *severity, *code, message.clone())
    });
    linted.findings.dedup();
    linted.left_out = linted.findings.len().saturating_sub(FINDINGS_AT_MOST);
    linted.findings.truncate(FINDINGS_AT_MOST);
    linted
}

const CHECKS: [fn(&Desk<'_>, &mut Vec<Finding>); 14] = [
    place::selects_nothing,
    names::name_without_dns,
    world::service_port,
    written::port_without_protocol,
    shadow::shadowed,
    written::allows_instead,
    written::empty_element,
    world::range_for_pods,
    http::patterns,
    names::cuts_dns,
    written::two_items,
    written::duplicate_names,
    size::too_big,
    elsewhere::differs,
];
