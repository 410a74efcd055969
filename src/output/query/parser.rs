//! Queries as trees: a Pratt parser with the binding powers and the leniencies of jmespath.py 1.1.

use super::tokens::{Kind, Token, tokenize};
use super::value::Value;

/// The deepest nesting of expressions.
const MAX_DEPTH: usize = 100;
/// The most lists and objects that a query can build, because each can put its data one level deeper.
const MAX_SELECTIONS: usize = 200;

/// An expression: a first part, and what is done with its value one after the other. Long chains are no deep trees.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    pub head: Head,
    pub steps: Vec<Step>,
}

/// The first part of an expression.
#[derive(Debug, PartialEq)]
pub(super) enum Head {
    /// `@`, and what stands before `[0]` or `[*]` at the start.
    Current,
    Field(String),
    Literal(Value),
    Not(Box<Node>),
    /// `&…`, the argument of a function such as `sort_by`.
    Expression(std::rc::Rc<Node>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    Function(String, Vec<Node>),
}

/// What is done with the value before it.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// `.x` or `| x`.
    Then(Node),
    Index(i64),
    Slice([Option<i64>; 3]),
    /// `[*]`: the rest applies to each item of a list.
    Project(Node),
    /// `.*`: the rest applies to each value of an object.
    ProjectValues(Node),
    /// `[?condition]`.
    Filter(Node, Node),
    /// `[]`: items that are lists become part of the list. What follows is a [`Step::Project`].
    Flatten,
    Or(Node),
    And(Node),
    Compare(Comparison, Node),
}

/// `==`, `<` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Node {
    fn new(head: Head) -> Self {
        Self { head, steps: Vec::new() }
    }

    fn current() -> Self {
        Self::new(Head::Current)
    }

    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// How strongly each sign binds. A projection ends before everything up to 10.
mod power {
    pub(super) const PIPE: u8 = 1;
    pub(super) const OR: u8 = 2;
    pub(super) const AND: u8 = 3;
    pub(super) const COMPARISON: u8 = 5;
    pub(super) const FLATTEN: u8 = 9;
    pub(super) const PROJECTION_END: u8 = 10;
    pub(super) const STAR: u8 = 20;
    pub(super) const FILTER: u8 = 21;
    pub(super) const DOT: u8 = 40;
    pub(super) const NOT: u8 = 45;
    pub(super) const BRACE: u8 = 50;
    pub(super) const BRACKET: u8 = 55;
    pub(super) const PARENTHESIS: u8 = 60;
}

/// Parses a query.
///
/// # Errors
/// Returns what is wrong, and where.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { tokens: tokenize(text)?, next: 0, depth: 0, selections: 0 };
    let node = parser.expression(0)?;
    match parser.kind() {
        Kind::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    selections: usize,
}

type Parsed<T> = Result<T, String>;

impl Parser {
    /// The next word; after the last one, the end.
    fn kind(&self) -> &Kind {
        self.kind_after(0)
    }

    fn kind_after(&self, count: usize) -> &Kind {
        self.tokens.get(self.next + count).map_or(&Kind::End, |token| &token.kind)
    }

    fn advance(&mut self) -> Kind {
        let kind = self.kind().clone();
        self.next += 1;
        kind
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(next) if *next == sign)
    }

    /// Passes a sign if it is next.
    fn take(&mut self, sign: &str) -> bool {
        let is_next = self.is(sign);
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The error that the next word is not possible here.
    fn unexpected(&self) -> String {
        let start = self.tokens.get(self.next).map_or(0, |token| token.start);
        match self.kind() {
            Kind::End => "the query ends too early".to_owned(),
            Kind::Sign(sign) => format!("unexpected token '{sign}' at column {start}"),
            Kind::Name(name) | Kind::QuotedName(name) => {
                format!("unexpected name '{name}' at column {start}")
            }
            Kind::Number(number) => format!("unexpected number {number} at column {start}"),
            Kind::Literal(_) => format!("unexpected literal at column {start}"),
        }
    }

    fn power(&self) -> u8 {
        let Kind::Sign(sign) = self.kind() else { return 0 };
        match *sign {
            "|" => power::PIPE,
            "||" => power::OR,
            "&&" => power::AND,
            "==" | "!=" | "<" | "<=" | ">" | ">=" => power::COMPARISON,
            "[]" => power::FLATTEN,
            "*" => power::STAR,
            "[?" => power::FILTER,
            "." => power::DOT,
            "!" => power::NOT,
            "{" => power::BRACE,
            "[" => power::BRACKET,
            "(" => power::PARENTHESIS,
            _ => 0,
        }
    }

    /// Parses an expression up to the first sign that binds at most as strongly as `least`.
    fn expression(&mut self, least: u8) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let mut node = self.first()?;
        while least < self.power() {
            node = self.following(node)?;
        }
        self.depth -= 1;
        Ok(node)
    }

    fn first(&mut self) -> Parsed<Node> {
        let unexpected = self.unexpected();
        Ok(match self.advance() {
            Kind::Literal(value) => Node::new(Head::Literal(value)),
            Kind::QuotedName(_) if self.is("(") => {
                return Err("a function's name has no quotes".to_owned());
            }
            Kind::Name(name) | Kind::QuotedName(name) => Node::new(Head::Field(name)),
            Kind::Sign("@") => Node::current(),
            Kind::Sign("!") => Node::new(Head::Not(Box::new(self.expression(power::NOT)?))),
            Kind::Sign("&") => Node::new(Head::Expression(self.expression(0)?.into())),
            Kind::Sign("(") => {
                let node = self.expression(0)?;
                self.expect(")")?;
                node
            }
            Kind::Sign("{") => self.object()?,
            Kind::Sign("*") => {
                let rest =
                    if self.is("]") { Node::current() } else { self.projection(power::STAR)? };
                Node::current().with(Step::ProjectValues(rest))
            }
            Kind::Sign("[]") => self.flatten(Node::current())?,
            Kind::Sign("[?") => self.filter(Node::current())?,
            Kind::Sign("[") => match (self.kind(), self.kind_after(1)) {
                (Kind::Number(_) | Kind::Sign(":"), _) => self.index(Node::current())?,
                (Kind::Sign("*"), Kind::Sign("]")) => self.list_projection(Node::current())?,
                _ => self.list()?,
            },
            _ => return Err(unexpected),
        })
    }

    fn following(&mut self, left: Node) -> Parsed<Node> {
        let unexpected = self.unexpected();
        let Kind::Sign(sign) = self.advance() else { return Err(unexpected) };
        let comparison = match sign {
            "." if self.take("*") => {
                let rest = self.projection(power::DOT)?;
                return Ok(left.with(Step::ProjectValues(rest)));
            }
            "." => {
                let right = self.after_dot(power::DOT)?;
                return Ok(left.with(Step::Then(right)));
            }
            "|" => return Ok(left.with(Step::Then(self.expression(power::PIPE)?))),
            "||" => return Ok(left.with(Step::Or(self.expression(power::OR)?))),
            "&&" => return Ok(left.with(Step::And(self.expression(power::AND)?))),
            "[]" => return self.flatten(left),
            "[?" => return self.filter(left),
            "[" => match self.kind() {
                Kind::Number(_) | Kind::Sign(":") => return self.index(left),
                _ => return self.list_projection(left),
            },
            "(" => return self.function(left),
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Err(unexpected),
        };
        Ok(left.with(Step::Compare(comparison, self.expression(power::COMPARISON)?)))
    }

    /// What a projection applies to each item.
    fn projection(&mut self, least: u8) -> Parsed<Node> {
        if self.power() < power::PROJECTION_END {
            Ok(Node::current())
        } else if self.is("[") || self.is("[?") {
            self.expression(least)
        } else {
            self.expect(".")?;
            self.after_dot(least)
        }
    }

    /// `[…]` and `{…}` after a dot end there: what follows is done with the whole list or object.
    fn after_dot(&mut self, least: u8) -> Parsed<Node> {
        if matches!(self.kind(), Kind::Name(_) | Kind::QuotedName(_) | Kind::Sign("*")) {
            self.expression(least)
        } else if self.take("[") {
            self.list()
        } else if self.take("{") {
            self.object()
        } else {
            Err(self.unexpected())
        }
    }

    fn flatten(&mut self, left: Node) -> Parsed<Node> {
        let rest = self.projection(power::FLATTEN)?;
        Ok(left.with(Step::Flatten).with(Step::Project(rest)))
    }

    fn filter(&mut self, left: Node) -> Parsed<Node> {
        let condition = self.expression(0)?;
        self.expect("]")?;
        let rest = if self.is("[]") { Node::current() } else { self.projection(power::FILTER)? };
        Ok(left.with(Step::Filter(condition, rest)))
    }

    fn list_projection(&mut self, left: Node) -> Parsed<Node> {
        self.expect("*")?;
        self.expect("]")?;
        let rest = self.projection(power::STAR)?;
        Ok(left.with(Step::Project(rest)))
    }

    /// `[0]` or `[0:2]`, after the bracket. A slice starts a projection, but not after an index (so jmespath.py).
    fn index(&mut self, left: Node) -> Parsed<Node> {
        if !self.is(":") && !matches!(self.kind_after(1), Kind::Sign(":")) {
            let Kind::Number(index) = *self.kind() else { return Err(self.unexpected()) };
            self.next += 1;
            self.expect("]")?;
            return Ok(left.with(Step::Index(index)));
        }
        let mut parts = [None; 3];
        let mut part = 0;
        while !self.is("]") {
            match *self.kind() {
                Kind::Sign(":") if part < 2 => part += 1,
                Kind::Number(number) => parts[part] = Some(number),
                _ => return Err(self.unexpected()),
            }
            self.next += 1;
        }
        self.next += 1;
        let after_index = matches!(left.steps.last(), Some(Step::Index(_) | Step::Slice(_)));
        let node = left.with(Step::Slice(parts));
        if after_index {
            return Ok(node);
        }
        let rest = self.projection(power::STAR)?;
        Ok(node.with(Step::Project(rest)))
    }

    /// `[a, b]`, after the bracket.
    fn list(&mut self) -> Parsed<Node> {
        self.count_selection()?;
        let mut items = vec![self.expression(0)?];
        while !self.take("]") {
            self.expect(",")?;
            items.push(self.expression(0)?);
        }
        Ok(Node::new(Head::List(items)))
    }

    /// `{a: b}`, after the brace. A comma can be missing (so jmespath.py).
    fn object(&mut self) -> Parsed<Node> {
        self.count_selection()?;
        let mut entries = Vec::new();
        loop {
            let unexpected = self.unexpected();
            let (Kind::Name(key) | Kind::QuotedName(key)) = self.advance() else {
                return Err(unexpected);
            };
            self.expect(":")?;
            entries.push((key, self.expression(0)?));
            if !self.take(",") && self.take("}") {
                return Ok(Node::new(Head::Object(entries)));
            }
        }
    }

    /// `name(a, b)`, after the parenthesis. Commas can be missing, and one can stand at the end (so jmespath.py).
    fn function(&mut self, left: Node) -> Parsed<Node> {
        let (Head::Field(name), true) = (left.head, left.steps.is_empty()) else {
            return Err("'(' stands after something that is not a function's name".to_owned());
        };
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.expression(0)?);
            self.take(",");
        }
        Ok(Node::new(Head::Function(name, arguments)))
    }

    fn count_selection(&mut self) -> Parsed<()> {
        self.selections += 1;
        if self.selections > MAX_SELECTIONS {
            return Err(format!("it builds more than {MAX_SELECTIONS} lists and objects"));
        }
        Ok(())
    }
}
