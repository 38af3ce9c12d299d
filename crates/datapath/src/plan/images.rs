//! Tables as the kernel holds them: rules by number, rows by the span of their steps.

use std::collections::HashMap;
use std::sync::Arc;

use podwall_model::{Direction, RuleId};
use podwall_policy::rule::Action;
use podwall_policy::table::{Decision, Half, Row, Table};

use crate::abi;
use crate::mirror::{TableImage, half};
use crate::span::Span;
use crate::wanted::ClassTables;
use crate::write::{HalfHead, Isolation, Write};

use super::draft::Draft;

/// The wanted tables by their address in memory: equal `Arc`s are translated once.
pub(super) type Images = HashMap<*const Table, TableImage>;

/// Translates the tables of every class that some endpoint is of. Writes the names of rules and
/// the steps of rows that the kernel does not have yet.
pub(super) fn translate(draft: &mut Draft<'_>) -> Images {
    let mut translator = Translator { rows: HashMap::new(), rules: HashMap::new() };
    let mut images = Images::new();
    let wanted = draft.wanted;
    for endpoint in &wanted.endpoints {
        let ClassTables { enforce, both } = &wanted.classes[&endpoint.class];
        for table in [enforce, both] {
            let fresh = || translator.table(draft, table);
            images.entry(Arc::as_ptr(table)).or_insert_with(fresh);
        }
    }
    images
}

/// Remembers what was translated, by its address in memory.
struct Translator {
    rows: HashMap<*const Row, Span>,
    rules: HashMap<*const RuleId, u32>,
}

impl Translator {
    fn table(&mut self, draft: &mut Draft<'_>, table: &Table) -> TableImage {
        let mut image = TableImage::default();
        for direction in Direction::BOTH {
            let wanted: &Half = table.half(direction);
            let isolation = if wanted.isolated { Isolation::Isolated } else { Isolation::Open };
            let fallback = self.row(draft, &wanted.fallback);
            image.heads[half(direction)] = HalfHead { fallback, isolation };
            for (peer, row) in &wanted.rows {
                let span = self.row(draft, row);
                image.rows[half(direction)].insert(*peer, span);
            }
        }
        image
    }

    fn row(&mut self, draft: &mut Draft<'_>, row: &Arc<Row>) -> Span {
        if let Some(span) = self.rows.get(&Arc::as_ptr(row)) {
            return *span;
        }
        let mut steps = Vec::with_capacity(row.steps().len());
        for step in row.steps() {
            let decision = self.decision(draft, &step.decision);
            steps.push(abi::Step { first: step.first.0, decision });
        }
        if row.steps().len() == 1 && row.steps()[0].decision == Decision::OPEN {
            steps.clear();
        }
        let span = match draft.mirror.steps.find(&steps) {
            Some(span) => span,
            None => {
                let count = u32::try_from(steps.len()).expect("a row has at most 2^24 steps");
                let span = draft.mirror.steps.place(count);
                draft.write(Write::Steps { span, steps: steps.into() });
                span
            }
        };
        self.rows.insert(Arc::as_ptr(row), span);
        span
    }

    fn decision(&mut self, draft: &mut Draft<'_>, decision: &Decision) -> u32 {
        let action = match (decision.action, &decision.sheet) {
            (Action::Allow, None) => abi::ALLOW,
            // Requests that nobody reads pass nowhere: there is no gate to lead them to.
            (Action::Allow, Some(_)) | (Action::Deny, _) => abi::DENY,
        };
        let number = decision.rule.as_ref().map_or(0, |rule| self.rule(draft, rule));
        action << abi::ACTION_SHIFT | number
    }

    fn rule(&mut self, draft: &mut Draft<'_>, rule: &Arc<RuleId>) -> u32 {
        if let Some(number) = self.rules.get(&Arc::as_ptr(rule)) {
            return *number;
        }
        let number = match draft.mirror.rule_numbers.get(rule) {
            Some(number) => *number,
            None => {
                let number = draft.mirror.last_rule + 1;
                assert!(number < 1 << abi::ACTION_SHIFT, "a rule's number has 30 bits");
                draft.write(Write::NameRule { number, rule: Arc::clone(rule) });
                number
            }
        };
        self.rules.insert(Arc::as_ptr(rule), number);
        number
    }
}
