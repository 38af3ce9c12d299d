//! A plan as Markdown for a merge request: what reviewers need, the rest folded.

use super::{Change, Edited, Effect, Plan};

/// The most rows of a table; the rest is counted.
const ROWS: usize = 40;
/// The most names in one cell.
const NAMES: usize = 6;

/// The comment.
pub fn markdown(plan: &Plan) -> String {
    let mut text = String::from("### Podwall plan\n");
    text += &plan.summary();
    for (effect, heading) in [
        (Effect::Lost, "Lost: passes today, is dropped afterwards"),
        (Effect::Gained, "Gained: is dropped today, passes afterwards"),
        (Effect::Requests, "Passes as before, with other requests"),
        (Effect::WouldLose, "Would be lost, once detection is enforced"),
        (Effect::WouldGain, "Would be gained, once detection is enforced"),
    ] {
        let changes: Vec<&Change> =
            plan.changes.iter().filter(|change| change.effect == effect).collect();
        if !changes.is_empty() {
            text += &table(heading, &changes);
        }
    }
    if !plan.policies.is_empty() {
        text += "\n<details><summary>Policies</summary>\n\n";
        for (id, edited) in &plan.policies {
            let edited = match edited {
                Edited::Added => "added",
                Edited::Removed => "removed",
                Edited::Changed => "changed",
                Edited::Mode => "another mode",
            };
            text += &format!("- {} {edited}\n", code(&id.to_string()));
        }
        text += "\n</details>\n";
    }
    text
}

fn table(heading: &str, changes: &[&Change]) -> String {
    let mut text =
        format!("\n**{heading}**\n\n| from | to | over | because of |\n|---|---|---|---|\n");
    for change in changes.iter().take(ROWS) {
        let rules: Vec<String> = change.rules.iter().map(|rule| code(&rule.to_string())).collect();
        let because =
            if rules.is_empty() { "no rule allows it".to_owned() } else { rules.join("<br>") };
        text += &format!(
            "| {} | {} | {} | {because} |\n",
            names(&change.from),
            names(&change.to),
            cell(&change.lanes.join(", "))
        );
    }
    if changes.len() > ROWS {
        text += &format!("\n{} more rows are left out.\n", changes.len() - ROWS);
    }
    text
}

fn names(list: &[String]) -> String {
    let shown: Vec<String> = list.iter().take(NAMES).map(|name| cell(name)).collect();
    match list.len().checked_sub(NAMES) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", shown.join(", ")),
        Some(_) | None => shown.join(", "),
    }
}

/// Names come from documents: nothing in them may end a cell or become a link.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().filter(|c| !c.is_control()) {
        if matches!(character, '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '@' | '#') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '|'], " "))
}
