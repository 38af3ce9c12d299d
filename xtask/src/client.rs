//! The page's client of the API, generated from the committed description: types in `rest.ts`, one
//! function an operation in `api.ts`. CI generates both anew and compares.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// The description, as `podwall openapi` prints it; a test of `control` keeps it current.
const DESCRIPTION: &str = "docs/openapi.json";
const TYPES: &str = "ui/src/wire/rest.ts";
const CALLS: &str = "ui/src/wire/api.ts";
const HEAD: &str = "// Generated from docs/openapi.json by `cargo xtask client`. Do not edit.\n";

/// Writes the description anew, and the client from it.
pub(crate) fn write() -> anyhow::Result<()> {
    let program = "target/debug/podwall";
    let printed = std::process::Command::new(program).arg("openapi").output();
    let printed = printed.with_context(|| format!("run {program}, hint: build it first"))?;
    if !printed.status.success() {
        bail!("{program} openapi ended with {}", printed.status);
    }
    fs::write(DESCRIPTION, &printed.stdout)?;
    let (types, calls) = generate()?;
    fs::write(TYPES, types)?;
    fs::write(CALLS, calls).map_err(Into::into)
}

/// Says so if the client is not what the description gives.
pub(crate) fn check() -> anyhow::Result<()> {
    let (types, calls) = generate()?;
    for (path, wanted) in [(TYPES, types), (CALLS, calls)] {
        if fs::read_to_string(path).unwrap_or_default() != wanted {
            bail!("not what {DESCRIPTION} gives: {path}, hint: run `cargo xtask client`");
        }
    }
    Ok(())
}

fn generate() -> anyhow::Result<(String, String)> {
    let text = fs::read_to_string(DESCRIPTION).context(DESCRIPTION)?;
    let description: Value = serde_json::from_str(&text)?;
    let schemas = description["components"]["schemas"].as_object().context("no schemas")?;
    let mut types = format!(
        "{HEAD}// Times are milliseconds since the epoch. An absent field is unknown, never zero.\n"
    );
    for (name, schema) in schemas {
        write_type(&mut types, name, schema)?;
    }
    let paths = description["paths"].as_object().context("no paths")?;
    Ok((types, calls(paths, schemas)?))
}

fn write_type(out: &mut String, name: &str, schema: &Value) -> anyhow::Result<()> {
    let doc = doc(schema, "");
    if schema["properties"].is_object() {
        write!(out, "\n{doc}export interface {name} {}\n", object(schema)?)?;
    } else if let Some(parts) = schema["allOf"].as_array() {
        let (bases, own): (Vec<&Value>, Vec<&Value>) =
            parts.iter().partition(|part| part["$ref"].is_string());
        let bases = bases.into_iter().map(type_of).collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        let own = own.first().map_or(Ok("{}".to_owned()), |own| object(own))?;
        write!(out, "\n{doc}export interface {name} extends {bases} {own}\n")?;
    } else {
        write!(out, "\n{doc}export type {name} = {};\n", type_of(schema)?)?;
    }
    Ok(())
}

fn object(schema: &Value) -> anyhow::Result<String> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut out = "{\n".to_owned();
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        let mark = if required.contains(&field.as_str()) { "" } else { "?" };
        writeln!(out, "{}  {field}{mark}: {};", doc(schema, "  "), type_of(schema)?)?;
    }
    out.push('}');
    Ok(out)
}

fn doc(schema: &Value, indent: &str) -> String {
    let words = schema["description"].as_str().unwrap_or_default().replace("*/", "* /");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { String::new() } else { format!("{indent}/** {words} */\n") }
}

/// A field that may be absent is never null as well: an absent one says the same.
fn type_of(schema: &Value) -> anyhow::Result<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return Ok(reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    if let Some(words) = schema["enum"].as_array() {
        return Ok(words.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        let some = one_of.iter().filter(|schema| schema["type"] != "null");
        return Ok(some.map(type_of).collect::<anyhow::Result<Vec<_>>>()?.join(" | "));
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    Ok(match kind {
        Some("string") => "string".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("array") => {
            let items = type_of(&schema["items"])?;
            if items.contains(" | ") { format!("({items})[]") } else { format!("{items}[]") }
        }
        Some("object") | None => match &schema["additionalProperties"] {
            values @ Value::Object(_) => format!("Record<string, {}>", type_of(values)?),
            _ => "unknown".to_owned(),
        },
        Some(other) => bail!("a type that the client does not know: {other}"),
    })
}

fn calls(paths: &Map<String, Value>, schemas: &Map<String, Value>) -> anyhow::Result<String> {
    let mut body = String::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            // Streams and metrics are no JSON.
            if answer(operation).is_some() {
                write_call(&mut body, path, method, operation)?;
            }
        }
    }
    // A type stands behind a colon or in angle brackets, before what is no part of a name.
    let used = schemas.keys().filter(|name| {
        let ends = ["<", ": "].iter().flat_map(|before| {
            let word = format!("{before}{name}");
            body.match_indices(&word).map(|(at, found)| at + found.len()).collect::<Vec<_>>()
        });
        ends.into_iter().any(|end| !body[end..].starts_with(|c: char| c.is_alphanumeric()))
    });
    let used = used.map(|name| format!("  {name},\n")).collect::<String>();
    Ok(format!(
        "{HEAD}import {{ asked, call, segment, segments }} from \"./transport\";\n\
         import type {{\n{used}}} from \"./rest\";\n{body}"
    ))
}

fn answer(operation: &Value) -> Option<&Value> {
    let answers = operation["responses"].as_object()?;
    let good = answers.iter().find(|(code, _)| code.starts_with('2'))?;
    Some(&good.1["content"]["application/json"]["schema"]).filter(|schema| !schema.is_null())
}

fn write_call(out: &mut String, path: &str, method: &str, operation: &Value) -> anyhow::Result<()> {
    let name = operation["operationId"].as_str().context("an operation without a name")?;
    let result = type_of(answer(operation).context("no answer")?)?;
    let mut arguments = Vec::new();
    let mut query = Vec::new();
    let mut revision = false;
    let mut place = path.trim_start_matches("/api/v1").to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let called = parameter["name"].as_str().context("a parameter without a name")?;
        let kind = type_of(&parameter["schema"])?;
        match parameter["in"].as_str() {
            Some("path") => {
                arguments.push(format!("{called}: {kind}"));
                // Only ids have slashes, which stay part of the path.
                let by = if called == "id" { "segments" } else { "segment" };
                place = place.replace(&format!("{{{called}}}"), &format!("${{{by}({called})}}"));
            }
            Some("query") => {
                let mark = if parameter["required"] == true { "" } else { "?" };
                query.push(format!("{called}{mark}: {kind}"));
            }
            Some("header") if called == "If-Match" => revision = true,
            _ => {}
        }
    }
    if operation["requestBody"].is_object() {
        let body = type_of(&operation["requestBody"]["content"]["application/json"]["schema"])?;
        arguments.push(format!("body: {body}"));
    }
    let body = operation["requestBody"].is_object();
    if !query.is_empty() {
        let needed = query.iter().any(|part| !part.contains("?:"));
        let usual = if needed { "" } else { " = {}" };
        arguments.push(format!("query: {{ {} }}{usual}", query.join("; ")));
        place.push_str("${asked(query)}");
    }
    if revision {
        arguments.push("revision?: number".to_owned());
    }
    let more = match (body, revision) {
        (true, true) => ", body, revision",
        (true, false) => ", body",
        (false, true) => ", undefined, revision",
        (false, false) => "",
    };
    let summary = operation["summary"].as_str().unwrap_or_default();
    let details = operation["description"].as_str().unwrap_or_default();
    let words = format!("{summary} {details}").split_whitespace().collect::<Vec<_>>().join(" ");
    write!(
        out,
        "\n/** {words} */\nexport const {name} = ({}) =>\n  call<{result}>(\"{}\", `{place}`{more});\n",
        arguments.join(", "),
        method.to_uppercase(),
    )?;
    Ok(())
}
