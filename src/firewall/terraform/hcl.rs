//! Reads the resources of HCL files as values.

use crate::firewall::document::{Node, Value};
use crate::firewall::policy::{InvalidRules, Place};
use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body, Structure};
use std::collections::HashMap;
use std::sync::Arc;

/// What stands in place of a resource's type for a module that gets a firewall or a policy.
pub(super) const MODULE: &str = "module";

/// The resources of a file: the type of each, and its attributes and blocks.
///
/// # Errors
/// [`InvalidRules`] if the file is no HCL.
pub(super) fn resources(text: &str, file: &Arc<str>) -> Result<Vec<(String, Node)>, InvalidRules> {
    let body = parse_body(text).map_err(|error| {
        let place = Place { file: Arc::clone(file), line: error.location().line() };
        InvalidRules { place, what: format!("no HCL: {}", error.message()) }
    })?;
    let starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let lines = Lines(starts);
    let resource = |block: &Block| {
        let kind = if block.has_ident("resource") {
            block.labels.first()?.as_str()
        } else if block.has_ident("module") && gets_firewall(block) {
            MODULE
        } else {
            return None;
        };
        Some((kind.to_owned(), lines.body(&block.body, lines.of(block))))
    };
    Ok(body.iter().filter_map(Structure::as_block).filter_map(resource).collect())
}

/// Whether a module is about a firewall, so that it may get one or a policy, and add rules to it.
fn gets_firewall(block: &Block) -> bool {
    let is_about = |text: &str| text.to_ascii_lowercase().contains("firewall");
    let mut attributes = block.body.iter().filter_map(Structure::as_attribute);
    attributes.any(|attribute| is_about(&attribute.key) || is_about(&attribute.value.to_string()))
}

/// The places of the line ends in a text.
struct Lines(Vec<usize>);

impl Lines {
    fn of(&self, item: &impl hcl_edit::Span) -> usize {
        item.span().map_or(1, |span| self.0.partition_point(|end| *end < span.start) + 1)
    }

    /// Attributes by name; blocks of the same name become a list.
    fn body(&self, body: &Body, line: usize) -> Node {
        let mut entries: Vec<(String, Node)> = Vec::new();
        // Where the blocks of a name stand.
        let mut known: HashMap<String, usize> = HashMap::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = attribute.key.as_str();
                    let mut node = self.expression(&attribute.value);
                    if matches!(name, "firewall_policy_id" | "azure_firewall_name") {
                        // Whatever it refers to: rules with the same reference belong together.
                        node.value = Value::Text(attribute.value.to_string().trim().to_owned());
                    }
                    entries.push((name.to_owned(), node));
                }
                Structure::Block(block) if block.has_ident("dynamic") => {
                    let name = block.labels.first().map_or("", |label| label.as_str());
                    let why = "dynamic blocks are not judged; use terraform show -json";
                    let value = Value::Unknown(why.into());
                    let node = Node { line: self.of(block), is_plain: false, value };
                    if let Some(at) = known.get(name) {
                        entries[*at].1 = node;
                    } else {
                        known.insert(name.to_owned(), entries.len());
                        entries.push((name.to_owned(), node));
                    }
                }
                Structure::Block(block) => {
                    let line = self.of(block);
                    let node = self.body(&block.body, line);
                    let name = block.ident.as_str();
                    match known.get(name).map(|at| &mut entries[*at].1.value) {
                        Some(Value::List(items)) => items.push(node),
                        Some(_) => {}
                        None => {
                            known.insert(name.to_owned(), entries.len());
                            let value = Value::List(vec![node]);
                            entries.push((name.to_owned(), Node { line, is_plain: false, value }));
                        }
                    }
                }
            }
        }
        Node { line, is_plain: false, value: Value::Object(entries) }
    }

    fn expression(&self, expression: &Expression) -> Node {
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Text(value.value().to_string()),
            Expression::Number(value) => Value::Text(value.value().to_string()),
            Expression::String(value) => Value::Text(value.value().clone()),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.expression(item)).collect())
            }
            Expression::Parenthesis(inner) => return self.expression(inner.inner()),
            _ => Value::Unknown(
                "the value of the expression is not in the file; use terraform show -json".into(),
            ),
        };
        Node { line: self.of(expression), is_plain: false, value }
    }
}
