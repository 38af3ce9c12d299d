//! Policies: as a list, one by one, and new ones.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Change, Direction, Mode, ModeFrom, VerdictCounts};

/// `GET /api/v1/policies`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policies {
    /// In the order of their ids.
    pub policies: Vec<Policy>,
    /// Give it back as `after` for the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many there are on all pages.
    #[serde(default)]
    pub total: u64,
    /// The revision that they are of.
    #[serde(default)]
    pub revision: u64,
}

/// One policy, as the list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The mode that takes effect.
    pub mode: Mode,
    /// Where that mode comes from: `policy`, `namespace` or `cluster`.
    pub mode_from: ModeFrom,
    /// The file it stands in, from the policy folder.
    pub file: String,
    /// Whether that file can be written, so that the switch works.
    pub writable: bool,
    /// What it says, one plain sentence a rule.
    pub sentences: Vec<Sentence>,
    /// The workloads it is about.
    pub workloads: Vec<String>,
    /// Packets since the start, by what its rules decided.
    pub packets: VerdictCounts,
    /// Bytes since the start.
    #[serde(default)]
    pub bytes: VerdictCounts,
    /// `accepted`, or `refused` with `diagnostics` that say why.
    #[serde(default)]
    pub state: PolicyState,
    /// Set where nothing would be decided otherwise without it, as the policies stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadowed: Option<Shadow>,
    /// Who changed it last and when, as far as the log reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Change>,
    /// When one of its rules last decided, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<u64>,
    /// Why it is refused, or what is worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    /// Its text; empty in a list that is asked for with `brief=true`, as are the sentences.
    pub yaml: String,
}

/// One rule in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    /// The rule, as test files write it.
    pub rule: String,
    /// What it says.
    pub text: String,
}

/// One finding about a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// A stable code, e.g. `PW0101`.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Whether a policy is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// Its text was understood.
    #[default]
    Accepted,
    /// Its text is not in force; what it last said is, if it was accepted before.
    Refused,
}

/// Why a policy or a rule adds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shadow {
    /// In words.
    pub why: String,
    /// The rules that stand in for it, at most a few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

/// `GET /api/v1/policies/{id}`: one policy with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDetail {
    /// As the list has it, with its text.
    #[serde(flatten)]
    pub policy: Policy,
    /// Its rules, in the order of their ids, with what each decided in the asked time.
    pub rules: Vec<RuleStats>,
    /// What no rule allowed in the asked time, where this policy isolates.
    #[serde(default)]
    pub default_deny: DenyStats,
    /// The start of the asked time, milliseconds since the epoch.
    pub since: u64,
    /// Its end.
    pub until: u64,
    /// Its changes, newest first.
    pub changes: Vec<Change>,
}

/// What was stopped, or would have been, since no rule allows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DenyStats {
    /// Packets in the asked time.
    pub packets: VerdictCounts,
    /// Bytes.
    pub bytes: VerdictCounts,
    /// When it last decided, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<u64>,
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleStats {
    /// The rule, as test files write it.
    pub rule: String,
    /// What it says.
    pub text: String,
    /// In or out of its subject.
    pub direction: Direction,
    /// Packets it decided in the asked time.
    pub packets: VerdictCounts,
    /// Bytes.
    pub bytes: VerdictCounts,
    /// When it last decided, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<u64>,
    /// Set where nothing would be decided otherwise without it, as the policies stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadowed: Option<Shadow>,
}

/// `POST /api/v1/policies`: saves new policies into a file of their own, in detection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavePolicies {
    /// The documents, as YAML.
    pub yaml: String,
    /// The file's name in the policy folder; else made from the first policy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Saved {
    /// The file in the policy folder.
    pub file: String,
    /// The policies that stand in it.
    pub policies: Vec<String>,
    /// The revision that carries them.
    pub revision: u64,
}

/// `GET /api/v1/tests?policy=`: the tests of the policy folder, run on the policies in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyTests {
    /// Those that did not come out as expected first, then by file and line.
    pub tests: Vec<Tested>,
    /// How many did not come out as expected, of those that are left out too.
    pub failed: u64,
    /// How many more there are than are told.
    pub left_out: u64,
    /// Test files that cannot be run, each with why.
    pub unusable: Vec<String>,
}

/// One test and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tested {
    /// The file in the policy folder.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// The case it stands in.
    pub case: String,
    /// What is tried, in words or as it is called.
    pub name: String,
    /// Whether what came out was expected.
    pub passed: bool,
    /// What is expected and what came out, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The chain of reasons, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}
