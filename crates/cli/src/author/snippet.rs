//! A finding with the line that it is about, for people.

use std::io::{self, Write};

use podwall_policy::Diagnostic;

/// The most characters of a line that are shown.
const SHOWN: usize = 160;

/// Writes one finding: what it is, its line, what to do.
pub(super) fn write(out: &mut impl Write, told: &Diagnostic, line: Option<&str>) -> io::Result<()> {
    let Diagnostic { code, severity, message, file, span, help } = told;
    writeln!(out, "{file}:{}:{}: {severity} {code}: {message}", span.line, span.column)?;
    if let Some(line) = line.filter(|line| line.chars().count() <= SHOWN) {
        let number = span.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs stay tabs under tabs, so that the mark stands where the value does.
        let front = line.chars().take((span.column as usize).saturating_sub(1));
        let front: String = front.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        writeln!(out, "  {number} | {}", shown(line))?;
        writeln!(out, "  {margin} | {front}^")?;
    }
    match help {
        Some(help) => writeln!(out, "  hint: {help}"),
        None => Ok(()),
    }
}

/// A line with what a terminal would obey written out.
fn shown(line: &str) -> String {
    let safe = |c: char| c == '\t' || !c.is_control();
    line.chars()
        .flat_map(|c| if safe(c) { vec![c] } else { c.escape_default().collect() })
        .collect()
}
