//! A route: where it is, what answers it, and what the document says of it.

use actix_web::{FromRequest, Handler, Resource, Responder};
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, Content, ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr,
        ResponseBuilder, Type,
        example::ExampleBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterIn},
    },
};

use super::query;
use crate::{format::Format, method, problem::Written};

type Collect = fn(ComponentsBuilder) -> ComponentsBuilder;

/// One route of the service.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) resource: Resource,
    operation: Operation,
    collect: Vec<Collect>,
}

impl Route {
    /// Answers GET and HEAD.
    pub(crate) fn get<H, A>(path: &'static str, tag: &str, summary: &str, handler: H) -> Self
    where
        H: Handler<A>,
        A: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        let operation = OperationBuilder::new()
            .tag(tag)
            .summary(Some(summary))
            .operation_id(Some(
                path.trim_start_matches('/').replace(['/', '-', '.'], "_").replace(['{', '}'], ""),
            ))
            .response(
                "405",
                problem("Another method than GET or HEAD.").header("Allow", header("Methods there are.")),
            );
        Self { path, resource: method::get(path, handler), operation: operation.build(), collect: Vec::new() }
    }

    /// More about it, in Markdown.
    pub(crate) fn about(mut self, about: &str) -> Self {
        self.operation.description = Some(about.to_owned());
        self
    }

    pub(crate) fn parameter(mut self, parameter: Parameter) -> Self {
        self.operation.parameters.get_or_insert_default().push(parameter.into());
        self
    }

    /// A cached answer in JSON.
    pub(crate) fn cached<T: ToSchema>(self, example: &str) -> Self {
        let response = cached("The answer.").content("application/json", content::<T>(Some(example)));
        self.collect::<T>()
            .response("200", response)
            .response("304", cached("The client has it already."))
            .refuses("400", "A parameter that cannot be right.")
            .refuses("406", "No form of the answer that the client accepts.")
            .response(
                "503",
                problem("The store cannot be asked, and nothing older is at hand.").header(
                    "Retry-After",
                    HeaderBuilder::new()
                        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
                        .description(Some("Seconds."))
                        .build(),
                ),
            )
    }

    /// The same as CSV: lines of `data` under a header line.
    pub(crate) fn list(mut self) -> Self {
        if let Some(RefOr::T(response)) = self.operation.responses.responses.get_mut("200") {
            let text = ObjectBuilder::new().schema_type(Type::String);
            response
                .content
                .insert("text/csv".to_owned(), ContentBuilder::new().schema(Some(text)).build().into());
        }
        let about = "CSV has a line for each row of `data` under a line of names; null is empty. Text is left as it is, so a \
                     spreadsheet may take one that begins with `=` for a formula. Without this parameter `Accept` decides.";
        self.parameter(query::choice("format", about, &Format::ALL, None))
    }

    /// An answer made for each request.
    pub(crate) fn answers<T: ToSchema>(self, status: &str, about: &str, example: Option<&str>) -> Self {
        let response =
            ResponseBuilder::new().description(about).content("application/json", content::<T>(example));
        self.collect::<T>().response(status, response)
    }

    /// An answer of another kind than JSON.
    pub(crate) fn text(self, status: &str, media_type: &str, about: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let content = ContentBuilder::new().schema(Some(schema)).build();
        self.response(status, ResponseBuilder::new().description(about).content(media_type, content))
    }

    /// The same with an example.
    pub(crate) fn text_as(self, status: &str, media_type: &str, about: &str, example: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let content = with_example(ContentBuilder::new().schema(Some(schema)), Some(json!(example)));
        self.response(status, ResponseBuilder::new().description(about).content(media_type, content))
    }

    /// An answer without a body.
    pub(crate) fn empty(self, status: &str, about: &str) -> Self {
        self.response(status, ResponseBuilder::new().description(about))
    }

    /// A header of one of its answers.
    pub(crate) fn header(mut self, status: &str, name: &str, about: &str) -> Self {
        if let Some(RefOr::T(response)) = self.operation.responses.responses.get_mut(status) {
            response.headers.insert(name.to_owned(), header(about).into());
        }
        self
    }

    /// An answer that is a problem.
    pub(crate) fn refuses(self, status: &str, why: &str) -> Self {
        self.response(status, problem(why))
    }

    /// Path and query as a template (RFC 6570).
    pub(crate) fn link(&self) -> String {
        let parameters = self.operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        });
        let names: Vec<&str> = parameters
            .filter(|parameter| parameter.parameter_in == ParameterIn::Query)
            .map(|parameter| parameter.name.as_str())
            .collect();
        if names.is_empty() { self.path.to_owned() } else { format!("{}{{?{}}}", self.path, names.join(",")) }
    }

    /// What the document says, and the schemas it refers to.
    pub(super) fn document(self, components: ComponentsBuilder) -> (Operation, ComponentsBuilder) {
        let components = self.collect.into_iter().fold(components, |components, collect| collect(components));
        (self.operation, components)
    }

    fn collect<T: ToSchema>(mut self) -> Self {
        self.collect.push(|components| {
            let mut nested = Vec::new();
            T::schemas(&mut nested);
            components.schemas_from_iter(nested).schema_from::<T>()
        });
        self
    }

    fn response(mut self, status: &str, response: ResponseBuilder) -> Self {
        let request_id = header("The id of the request, also in the log; the client's own when it sent one.");
        let response = response.header("X-Request-Id", request_id).build();
        self.operation.responses.responses.insert(status.to_owned(), response.into());
        self
    }
}

fn content<T: ToSchema>(example: Option<&str>) -> Content {
    let example: Option<Value> =
        example.map(|example| serde_json::from_str(example).unwrap_or_else(|error| json!(error.to_string())));
    with_example(ContentBuilder::new().schema(Some(Ref::from_schema_name(T::name()))), example)
}

/// Named, since the viewer passes over a plain `example` that is an object and stops at one with a null in it.
fn with_example(content: ContentBuilder, example: Option<Value>) -> Content {
    let examples = example.map(|value| ("stored", ExampleBuilder::new().value(Some(value)).build()));
    content.examples_from_iter(examples).build()
}

fn problem(why: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Written::name()))).build();
    ResponseBuilder::new().description(why).content("application/problem+json", content)
}

fn cached(about: &str) -> ResponseBuilder {
    let headers = [
        ("ETag", "Tag of this body in this encoding, for `If-None-Match`."),
        ("Age", "Seconds since the body was made."),
        ("Cache-Control", "How long it is fresh, and how long it may stand in after that."),
        ("Vary", "Request headers that decide about the form."),
        ("X-Cache", "`hit`, `stale` or `miss`."),
        ("X-Data", "`demo` when the figures are invented; JSON bodies then begin with `\"demo\": true`."),
    ];
    headers.into_iter().fold(ResponseBuilder::new().description(about), |response, (name, about)| {
        response.header(name, header(about))
    })
}

fn header(about: &str) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).build()
}
