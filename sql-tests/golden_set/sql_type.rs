//! Column types of the sets, as far as the encoding of values depends on them.

use super::Result;

/// A type as a reader of answers needs it: lengths and nullability say nothing about the encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlType {
    Boolean,
    Integer,
    Float,
    Double,
    Decimal,
    Text,
    Uuid,
    Binary,
    Date,
    /// Digits after the point of a second.
    Time {
        digits: u32,
    },
    /// `utc`: an instant, written with a Z.
    Timestamp {
        digits: u32,
        utc: bool,
    },
    List(Box<SqlType>),
    Map(Box<SqlType>, Box<SqlType>),
    Row(Vec<(String, SqlType)>),
    Variant,
}

impl SqlType {
    /// Parses Paimon's SQL text (``ROW<`x` INT, `y` ARRAY<STRING NOT NULL>>``) or Spark's
    /// (`struct<x:int,y:array<string>>`).
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { text, position: 0 };
        let parsed = parser.parse_type()?;
        parser.skip_spaces();
        if parser.position < text.len() {
            return Err(format!("type {text:?}: {:?} is left over", parser.rest()).into());
        }
        Ok(parsed)
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn skip_spaces(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().get(..token.len()).is_some_and(|head| head.eq_ignore_ascii_case(token));
        if found {
            self.position += token.len();
        }
        found
    }

    fn need(&mut self, token: &str) -> Result<()> {
        if self.eat(token) {
            return Ok(());
        }
        Err(format!("type {:?}: {token:?} expected at {:?}", self.text, self.rest()).into())
    }

    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    /// The numbers in `(10, 2)`, if such a list follows.
    fn parameters(&mut self) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        if self.eat("(") {
            while !self.eat(")") {
                numbers.push(self.word().parse::<u32>()?);
                self.eat(",");
            }
        }
        Ok(numbers)
    }

    fn parse_type(&mut self) -> Result<SqlType> {
        let name = self.word().to_ascii_lowercase();
        let parsed = match name.as_str() {
            "array" => SqlType::List(Box::new(self.one_argument()?)),
            "multiset" => SqlType::Map(Box::new(self.one_argument()?), Box::new(SqlType::Integer)),
            "vector" => self.vector()?,
            "map" => self.map()?,
            "row" | "struct" => self.row()?,
            scalar => {
                let parameters = self.parameters()?;
                self.scalar(scalar, parameters.first().copied())?
            }
        };
        if !self.eat("NOT NULL") {
            self.eat("NULL");
        }
        Ok(parsed)
    }

    fn one_argument(&mut self) -> Result<SqlType> {
        self.need("<")?;
        let argument = self.parse_type()?;
        self.need(">")?;
        Ok(argument)
    }

    fn vector(&mut self) -> Result<SqlType> {
        self.need("<")?;
        let element = self.parse_type()?;
        self.need(",")?;
        self.word();
        self.need(">")?;
        Ok(SqlType::List(Box::new(element)))
    }

    fn map(&mut self) -> Result<SqlType> {
        self.need("<")?;
        let key = self.parse_type()?;
        self.need(",")?;
        let value = self.parse_type()?;
        self.need(">")?;
        Ok(SqlType::Map(Box::new(key), Box::new(value)))
    }

    fn row(&mut self) -> Result<SqlType> {
        self.need("<")?;
        let mut fields = Vec::new();
        while !self.eat(">") {
            let name = if self.eat("`") { self.quoted('`')? } else { self.word().to_owned() };
            self.eat(":");
            let field = self.parse_type()?;
            if self.eat("'") {
                self.quoted('\'')?; // a field's comment
            }
            fields.push((name, field));
            self.eat(",");
        }
        Ok(SqlType::Row(fields))
    }

    /// The text up to the closing quote; a doubled quote stands for itself.
    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find(quote).ok_or_else(|| format!("type {:?}: open quote", self.text))?;
            text.push_str(&rest[..end]);
            self.position += end + 1;
            if !self.rest().starts_with(quote) {
                return Ok(text);
            }
            text.push(quote);
            self.position += 1;
        }
    }

    fn scalar(&mut self, name: &str, parameter: Option<u32>) -> Result<SqlType> {
        Ok(match name {
            "boolean" => SqlType::Boolean,
            "tinyint" | "smallint" | "int" | "integer" | "bigint" => SqlType::Integer,
            "float" => SqlType::Float,
            "double" => SqlType::Double,
            "decimal" => SqlType::Decimal,
            "char" | "varchar" | "string" => SqlType::Text,
            "uuid" => SqlType::Uuid,
            "binary" | "varbinary" | "bytes" | "fixed" | "blob" => SqlType::Binary,
            "date" => SqlType::Date,
            // Paimon keeps milliseconds whatever the precision; Spark and Iceberg have no precision.
            "time" => SqlType::Time { digits: if parameter.is_some() { 3 } else { 6 } },
            // Without a precision it is Spark's: an instant in microseconds.
            "timestamp" => match parameter {
                Some(digits) => SqlType::Timestamp { digits, utc: self.eat("WITH LOCAL TIME ZONE") },
                None => SqlType::Timestamp { digits: 6, utc: true },
            },
            "timestamp_ntz" => SqlType::Timestamp { digits: 6, utc: false },
            "variant" => SqlType::Variant,
            other => return Err(format!("type {:?}: unknown name {other:?}", self.text).into()),
        })
    }
}
