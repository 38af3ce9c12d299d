//! `podwall lint`.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use anyhow::bail;
use podwall_author::lint::{Finding, Limits, Linted, Mend, Surroundings, Text, lint, mended, page};
use podwall_datapath::Capacity;
use podwall_policy::{Dialect, Severity};
use serde_json::json;

use super::flags::{self, LintOutput};
use super::junit::{self, Case, Suite};
use super::{EXIT_FINE, EXIT_FOUND, gitlab, sarif, snippet, texts};

/// How often a text is mended again: a mend may make room for the next one.
const MENDED_AT_MOST: usize = 8;

/// Says what is to be said of policies, and mends what is certain where that is asked for.
pub(crate) fn run(arguments: &flags::Lint) -> anyhow::Result<u8> {
    if let Some(code) = &arguments.explain {
        return explain(code);
    }
    let mut texts = texts::read(&arguments.paths)?;
    let world = arguments.world.as_deref().map(texts::world).transpose()?;
    let limits = Some(limits(&Capacity::default()));
    // Nothing comes into force here: what asks something of requests is read too.
    let dialect = Dialect::offline();
    let world = world.as_ref();
    let target = arguments.target;
    let around = Surroundings { world, limits, dialect, target, ..Surroundings::default() };
    let mut linted = lint(&texts, &around);
    if arguments.fix {
        linted = fix(&mut texts, linted, &around)?;
    }
    write(arguments.output, &texts, &linted)?;
    let (errors, warnings) = counts(&linted);
    let found = errors > 0 || (arguments.strict && warnings > 0);
    Ok(if found { EXIT_FOUND } else { EXIT_FINE })
}

fn explain(code: &str) -> anyhow::Result<u8> {
    match page(code) {
        Some(page) => println!("{}", page.text.trim_end()),
        None => bail!(
            "no page about this code: `{code}`, hint: findings are PW1001 and on; \
             what an error of the language wants stands in its hint"
        ),
    }
    Ok(EXIT_FINE)
}

fn limits(capacity: &Capacity) -> Limits {
    let size = |count: u32| count as usize;
    Limits {
        rows: size(capacity.rows),
        steps: size(capacity.steps),
        addresses: size(capacity.addresses),
        networks: size(capacity.networks),
    }
}

fn counts(linted: &Linted) -> (usize, usize) {
    let is_error = |finding: &&Finding| finding.diagnostic.severity == Severity::Error;
    let errors = linted.findings.iter().filter(is_error).count();
    (errors, linted.findings.len() - errors)
}

/// Mends every file that can be written, and says what is left.
fn fix(
    texts: &mut [Text],
    mut linted: Linted,
    around: &Surroundings<'_>,
) -> anyhow::Result<Linted> {
    let before: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    let mut total = 0;
    for _ in 0..MENDED_AT_MOST {
        let mut made_now = 0;
        for text in texts.iter_mut().filter(|text| texts::is_on_disk(&text.file)) {
            let mends: Vec<&Mend> = linted
                .findings
                .iter()
                .filter(|finding| finding.diagnostic.file == text.file)
                .filter_map(|finding| finding.mend.as_ref())
                .collect();
            let (after, made) = mended(&text.text, mends);
            text.text = after;
            made_now += made;
        }
        total += made_now;
        if made_now == 0 {
            break;
        }
        linted = lint(texts, around);
    }
    let mut files = 0;
    for (text, old) in texts.iter().zip(&before).filter(|(text, old)| text.text != **old) {
        podwall_files::replace(Path::new(&text.file), old, &text.text)?;
        files += 1;
    }
    eprintln!("podwall: mended {total} findings in {files} files");
    Ok(linted)
}

fn write(output: LintOutput, texts: &[Text], linted: &Linted) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let findings = &linted.findings;
    let document = match output {
        LintOutput::Text => return Ok(write_text(&mut out, texts, linted)?),
        LintOutput::Junit => return Ok(junit::write(&mut out, &suites(texts, findings))?),
        LintOutput::Json => json(texts, linted),
        LintOutput::Sarif => sarif::log(findings),
        LintOutput::Gitlab => gitlab::report(findings),
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    writeln!(out)?;
    Ok(())
}

fn write_text(out: &mut impl Write, texts: &[Text], linted: &Linted) -> std::io::Result<()> {
    let lines: HashMap<&str, Vec<&str>> =
        texts.iter().map(|text| (text.file.as_str(), text.text.lines().collect())).collect();
    for finding in &linted.findings {
        let told = &finding.diagnostic;
        let at = (told.span.line as usize).saturating_sub(1);
        let line = lines.get(told.file.as_str()).and_then(|lines| lines.get(at));
        snippet::write(out, told, line.copied())?;
        let code = finding.diagnostic.code;
        if let Some(mend) = &finding.mend {
            writeln!(out, "  --fix: {}", mend.title)?;
        }
        if page(code.0).is_some() {
            writeln!(out, "  more: podwall lint --explain {code}")?;
        }
        writeln!(out)?;
    }
    let (errors, warnings) = counts(linted);
    let (files, documents) = (texts.len(), linted.documents);
    if linted.left_out > 0 {
        writeln!(out, "{} more findings are not told", linted.left_out)?;
    }
    writeln!(out, "{documents} documents in {files} files: {errors} errors, {warnings} warnings")
}

fn json(texts: &[Text], linted: &Linted) -> serde_json::Value {
    let (errors, warnings) = counts(linted);
    let findings: Vec<serde_json::Value> = linted
        .findings
        .iter()
        .map(|finding| {
            let told = &finding.diagnostic;
            json!({
                "code": told.code.0,
                "severity": told.severity.to_string(),
                "message": told.message,
                "hint": told.help,
                "file": told.file,
                "line": told.span.line,
                "column": told.span.column,
                "fix": finding.mend.as_ref().map(|mend| &mend.title),
            })
        })
        .collect();
    json!({
        "files": texts.len(),
        "documents": linted.documents,
        "errors": errors,
        "warnings": warnings,
        "leftOut": linted.left_out,
        "findings": findings,
    })
}

/// One suite for each file: a case for each finding, or one that passed.
fn suites(texts: &[Text], findings: &[Finding]) -> Vec<Suite> {
    let suite = |text: &Text| {
        let own = findings.iter().filter(|finding| finding.diagnostic.file == text.file);
        let mut cases: Vec<Case> = own
            .map(|finding| Case {
                name: format!("{} line {}", finding.diagnostic.code, finding.diagnostic.span.line),
                class: text.file.clone(),
                line: finding.diagnostic.span.line,
                failure: Some((finding.diagnostic.message.clone(), finding.diagnostic.to_string())),
            })
            .collect();
        if cases.is_empty() {
            let (name, class) = ("lint".to_owned(), text.file.clone());
            cases.push(Case { name, class, line: 1, failure: None });
        }
        Suite { name: text.file.clone(), cases }
    };
    texts.iter().map(suite).collect()
}
