//! The codes of findings, and the page that explains each.

use podwall_policy::Code;

/// A selector that nobody in the world fits.
pub(super) const SELECTS_NOTHING: Code = Code("PW1001");
/// A rule by name without a DNS rule that shows its answers.
pub(super) const NAME_WITHOUT_DNS: Code = Code("PW1002");
/// The port of a service instead of its pods'.
pub(super) const SERVICE_PORT: Code = Code("PW1003");
/// A port without a protocol.
pub(super) const NO_PROTOCOL: Code = Code("PW1004");
/// A rule that decides nothing.
pub(super) const SHADOWED: Code = Code("PW1005");
/// A NetworkPolicy that allows where it was meant to deny.
pub(super) const ALLOWS: Code = Code("PW1006");
/// An element of Cilium's kinds that says nothing.
pub(super) const EMPTY_ELEMENT: Code = Code("PW1007");
/// A range of addresses that was meant for pods.
pub(super) const RANGE_FOR_PODS: Code = Code("PW1008");
/// A pattern that means something else than it looks like.
pub(super) const PATTERN: Code = Code("PW1009");
/// Egress rules that take DNS away.
pub(super) const CUTS_DNS: Code = Code("PW1010");
/// Two selectors as two items.
pub(super) const TWO_ITEMS: Code = Code("PW1011");
/// One name in two files.
pub(super) const DUPLICATE: Code = Code("PW1012");
/// More than the tables hold.
pub(super) const TOO_BIG: Code = Code("PW1013");
/// Something else in a version of Cilium.
pub(super) const ELSEWHERE: Code = Code("PW1014");

/// The page about one kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its code.
    pub code: &'static str,
    /// What it says, in Markdown.
    pub text: &'static str,
}

impl Page {
    /// Its first line without the code.
    pub fn title(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.split_once(": ").map_or(line, |(_, title)| title)
    }
}

macro_rules! pages {
    ($($code:literal)*) => {
        /// Every page there is.
        pub const PAGES: &[Page] = &[$(Page {
            code: $code,
            text: include_str!(concat!("../../../../docs/book/findings/", $code, ".md")),
        }),*];
    };
}

pages! {
    "PW1001" "PW1002" "PW1003" "PW1004" "PW1005" "PW1006" "PW1007" "PW1008" "PW1009" "PW1010"
    "PW1011" "PW1012" "PW1013" "PW1014"
}

/// The page about a code, upper or lower case.
pub fn page(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.code.eq_ignore_ascii_case(code))
}
