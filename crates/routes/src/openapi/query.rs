//! Parameters as the document describes them.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use utoipa::openapi::{
    ObjectBuilder, Required, Type,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

const DATE: &str =
    "^[0-9]{4}((0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])|-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))$";

fn parameter(name: &str, place: ParameterIn, about: &str, schema: ObjectBuilder) -> ParameterBuilder {
    // The builder takes every parameter for one of the path until it is told.
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema.build()))
}

/// The code in a path.
pub(crate) fn code() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^([0-9]{6}|[0-9]{6}\\.(SH|SZ|BJ|sh|sz|bj)|(SH|SZ|BJ|sh|sz|bj)[0-9]{6})$"));
    let about = "Code with its exchange (`600519.SH`, `sh600519`), or six digits: the stock before the ETF before the index.";
    parameter("code", ParameterIn::Path, about, schema).example(Some(json!("600519.SH"))).build()
}

/// A date.
pub(crate) fn date(name: &str, about: &str, example: Option<&str>) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(DATE));
    let example = example.map(Value::from);
    parameter(name, ParameterIn::Query, about, schema).example(example).build()
}

/// A whole number.
pub(crate) fn number(name: &str, about: &str, bounds: RangeInclusive<u32>, default: u32) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
        .default(Some(json!(default)));
    parameter(name, ParameterIn::Query, about, schema).build()
}

/// One of several words.
pub(crate) fn choice<T>(name: &str, about: &str, choices: &[(&str, T)], default: Option<&str>) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(choices.iter().map(|(word, _)| json!(word))))
        .default(default.map(Value::from));
    parameter(name, ParameterIn::Query, about, schema).build()
}

/// Text of some length.
pub(crate) fn text(
    name: &str,
    about: &str,
    lengths: RangeInclusive<usize>,
    example: Option<&str>,
) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(*lengths.start()))
        .max_length(Some(*lengths.end()));
    parameter(name, ParameterIn::Query, about, schema).example(example.map(Value::from)).build()
}

/// Text of a form.
pub(crate) fn form(name: &str, about: &str, pattern: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    parameter(name, ParameterIn::Query, about, schema).build()
}

/// Codes with commas between them.
pub(crate) fn codes(name: &str, about: &str, pattern: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    parameter(name, ParameterIn::Query, about, schema).example(Some(json!("600519.SH"))).build()
}

/// Text of a form in the path.
pub(crate) fn in_path(name: &str, about: &str, pattern: &str, example: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    parameter(name, ParameterIn::Path, about, schema).example(Some(json!(example))).build()
}

/// The same parameter, without which there is no answer.
pub(crate) fn required(mut parameter: Parameter) -> Parameter {
    parameter.required = Required::True;
    parameter
}
