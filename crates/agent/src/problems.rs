//! All that is wrong on the node now, one entry for each thing and kind of trouble.

use std::collections::BTreeMap;

use podwall_wire::rest::Problem;

/// The list, most urgent kinds first.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: BTreeMap<(Kind, String), String>,
    told: bool,
}

/// Kinds of trouble, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The kernel's state is not understood; nothing can be changed.
    LeftAlone,
    /// A workload has no hooks.
    NotEnforced,
    /// Packets go round the hooks of a workload.
    Detour,
    /// What is wanted could not be put in force.
    NotApplied,
    /// A chore of the agent went wrong.
    Chore,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Kind::LeftAlone => "layout_unknown",
            Kind::NotEnforced | Kind::Detour => "not_enforced",
            Kind::NotApplied => "not_applied",
            Kind::Chore => "agent_trouble",
        }
    }
}

impl Problems {
    /// Something is wrong, or still is.
    pub(crate) fn raise(&mut self, kind: Kind, subject: &str, message: String) {
        let before = self.list.insert((kind, subject.to_owned()), message.clone());
        self.told &= before == Some(message);
    }

    /// It is well again.
    pub(crate) fn clear(&mut self, kind: Kind, subject: &str) {
        self.told &= self.list.remove(&(kind, subject.to_owned())).is_none();
    }

    /// Of one kind, only these subjects are still spoken of.
    pub(crate) fn retain(&mut self, kind: Kind, mut keep: impl FnMut(&str) -> bool) {
        let before = self.list.len();
        self.list.retain(|(other, subject), _| *other != kind || keep(subject));
        self.told &= self.list.len() == before;
    }

    /// The next connection has to hear everything.
    pub(crate) fn tell_again(&mut self) {
        self.told = false;
    }

    /// The whole list, if it changed since it was last told.
    pub(crate) fn news(&mut self) -> Option<Vec<Problem>> {
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        let problem = |((kind, subject), message): (&(Kind, String), &String)| Problem {
            code: kind.code().to_owned(),
            message: message.clone(),
            subject: (!subject.is_empty()).then(|| subject.clone()),
        };
        Some(self.list.iter().map(problem).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_told() {
        let mut problems = Problems::default();
        assert_eq!(problems.news(), Some(vec![]));
        assert_eq!(problems.news(), None);
        problems.raise(Kind::Chore, "", "slow".into());
        problems.raise(Kind::NotEnforced, "shop/web", "gone".into());
        let news = problems.news().unwrap();
        let codes: Vec<&str> = news.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes, ["not_enforced", "agent_trouble"]);
        problems.raise(Kind::NotEnforced, "shop/web", "gone".into());
        problems.clear(Kind::NotEnforced, "shop/db");
        assert_eq!(problems.news(), None);
        problems.clear(Kind::NotEnforced, "shop/web");
        assert_eq!(problems.news().map(|news| news.len()), Some(1));
    }
}
