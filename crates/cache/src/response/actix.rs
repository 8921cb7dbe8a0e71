//! The middleware for actix-web.
//!
//! A handler of actix runs on the thread its request came in on, so the load asks it there, in a task of its own: that
//! one goes on when the client is gone.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BodySize, BoxBody, EitherBody, MessageBody, to_bytes},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    error::InternalError,
    http::header::HeaderMap as ActixHeaders,
};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::oneshot;

use super::{
    ResponseCache,
    answer::Answer,
    judge::{Failed, Found, Verdict},
    request::{CONDITIONS, Head, Plan},
    rules::Rules,
    stored::Content,
};
use crate::{LoadError, Policy};

/// The middleware of one application. Made by actix-web from a [`ResponseCache`].
#[derive(Debug)]
pub struct ResponseCacheMiddleware<S> {
    rules: Arc<Rules>,
    inner: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for ResponseCache
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = ResponseCacheMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(ResponseCacheMiddleware { rules: Arc::clone(&self.0), inner: Rc::new(service) }))
    }
}

type Given<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

/// What the load and the caller that leads it hand each other.
struct Desk<B> {
    /// Until a load takes it.
    request: Option<ServiceRequest>,
    /// What the load gives back of it.
    answered: Option<HttpRequest>,
    /// For the caller alone.
    own: Option<Given<B>>,
}

type Shared<B> = Rc<RefCell<Desk<B>>>;

impl<S, B> Service<ServiceRequest> for ResponseCacheMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Given<B>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (rules, inner) = (Arc::clone(&self.rules), Rc::clone(&self.inner));
        match rules.plan(&request) {
            Plan::Cache { key } => Box::pin(serve(rules, key, inner, request)),
            plan => Box::pin(pass_by(rules, plan, inner, request)),
        }
    }
}

async fn pass_by<S, B>(rules: Arc<Rules>, plan: Plan, inner: Rc<S>, request: ServiceRequest) -> Given<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let asked = rules.asked(&request);
    if let Plan::Look { key } = &plan
        && let Some((stored, outcome)) = rules.cache.entry(&rules.kind, key).with_outcome().get().await
        && let Content::Whole(whole) = &stored.0
    {
        return Ok(respond(request.into_parts().0, Answer::of(whole, &outcome, &asked)));
    }
    let given = inner.call(request).await?;
    if plan == Plan::Change && !given.status().is_client_error() && !given.status().is_server_error() {
        rules.cache.remove_tag(&asked.tag).await;
    }
    Ok(given.map_into_left_body())
}

async fn serve<S, B>(rules: Arc<Rules>, key: String, inner: Rc<S>, request: ServiceRequest) -> Given<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let asked = rules.asked(&request);
    let desk = Rc::new(RefCell::new(Desk { request: Some(request), answered: None, own: None }));
    // A request of this framework cannot be copied, so there is none for a load beside the answer.
    let policy = Policy::NONE.eager(0.0).xfetch(0.0);
    let entry = rules.cache.entry(&rules.kind, &key).policy(policy).tags([&asked.tag]).with_outcome();
    let outdates = Arc::new(AtomicBool::new(false));
    let answer = entry
        .get_or_load_with(|| {
            let (start, started) = oneshot::channel();
            let (done, found) = oneshot::channel();
            actix_web::rt::spawn(ask(Arc::clone(&rules), Rc::clone(&inner), Rc::clone(&desk), started, done));
            let outdates = Arc::clone(&outdates);
            move |cx| async move {
                // Whoever joins another load drops this one, and the task ends.
                let _ = start.send(());
                let found = found.await.unwrap_or(Found::Failed(Failed(None)));
                outdates.store(matches!(found, Found::NotShared) && cx.stale().is_some(), Ordering::Relaxed);
                found.land(&cx)
            }
        })
        .await;
    let (own, request, answered) = {
        let mut desk = desk.borrow_mut();
        // While the load that has the other end lives, the request is for it.
        let is_loading = Arc::strong_count(&outdates) > 1;
        let request = if is_loading { None } else { desk.request.take() };
        (desk.own.take(), request, desk.answered.take())
    };
    if let Ok((stored, outcome)) = &answer
        && let Content::Whole(whole) = &stored.0
    {
        return reply(request, answered, Answer::of(whole, outcome, &asked));
    }
    if let Some(own) = own {
        if outdates.load(Ordering::Relaxed) {
            // What is kept of it from before is not for others any more.
            rules.cache.delete(&rules.kind, &key).await;
        }
        return own;
    }
    let lost = match answer {
        Ok(_) => None,
        Err(LoadError::Loader(failed)) => match &failed.0 {
            Some(whole) => return reply(request, answered, Answer::shared(whole)),
            None => None,
        },
        Err(LoadError::Cancelled) => None,
        Err(error) => Some(error),
    };
    match (lost, request) {
        // Waited for a response that is for another alone.
        (None, Some(request)) => Ok(inner.call(request).await?.map_into_left_body()),
        (lost, request) => reply(request, answered, Answer::without(&lost.unwrap_or(LoadError::Cancelled))),
    }
}

/// Asks the handler for the whole response once the load starts, and keeps for the caller what is not for all.
async fn ask<S, B>(
    rules: Arc<Rules>,
    inner: Rc<S>,
    desk: Shared<B>,
    started: oneshot::Receiver<()>,
    done: oneshot::Sender<Found>,
) where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    if started.await.is_err() {
        return;
    }
    let Some(mut request) = desk.borrow_mut().request.take() else { return };
    for name in CONDITIONS {
        request.headers_mut().remove(name);
    }
    let found = match inner.call(request).await {
        Ok(response) => read(&rules, &desk, response).await,
        Err(error) => {
            let is_failure = error.as_response_error().status_code().is_server_error();
            desk.borrow_mut().own = Some(Err(error));
            if is_failure { Found::Failed(Failed(None)) } else { Found::NotShared }
        }
    };
    // The caller may have gone.
    let _ = done.send(found);
}

async fn read<B: MessageBody>(rules: &Rules, desk: &Shared<B>, response: ServiceResponse<B>) -> Found {
    let length = match response.response().body().size() {
        BodySize::None => Some(0),
        BodySize::Sized(length) => Some(length),
        BodySize::Stream => None,
    };
    let status =
        StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = taken(response.headers());
    let life = match rules.judge(status, &headers, length) {
        Verdict::Keep(life) => Some(life),
        Verdict::Failed { is_shared: true } => None,
        verdict => {
            desk.borrow_mut().own = Some(Ok(response.map_into_left_body()));
            return verdict.alone();
        }
    };
    let (request, response) = response.into_parts();
    desk.borrow_mut().answered = Some(request);
    match to_bytes(response.into_body()).await {
        Ok(body) => Found::read(rules.pack(status, headers, body), life),
        Err(_) => Found::Failed(Failed(None)),
    }
}

/// Answers; without the request, which the handler still has, by the way of errors.
fn reply<B>(request: Option<ServiceRequest>, answered: Option<HttpRequest>, answer: Answer) -> Given<B> {
    match answered.or_else(|| request.map(|request| request.into_parts().0)) {
        Some(request) => Ok(respond(request, answer)),
        None => {
            Err(InternalError::from_response("the handler has not answered yet", response(answer)).into())
        }
    }
}

fn respond<B>(request: HttpRequest, answer: Answer) -> ServiceResponse<EitherBody<B>> {
    ServiceResponse::new(request, response(answer)).map_into_right_body()
}

/// This framework has types of its own for the same things.
fn response(answer: Answer) -> HttpResponse<BoxBody> {
    let status = actix_web::http::StatusCode::from_u16(answer.status.as_u16());
    let mut builder = HttpResponseBuilder::new(status.unwrap_or_default());
    for (name, value) in &answer.headers {
        // The length is told by the body; that of a `HEAD` is not kept by this framework.
        if name != http::header::CONTENT_LENGTH {
            builder.append_header((name.as_str(), value.as_bytes()));
        }
    }
    builder.body(answer.body)
}

fn taken(headers: &ActixHeaders) -> HeaderMap {
    let pairs = headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    let mut taken = HeaderMap::new();
    for (name, value) in pairs {
        taken.append(name, value);
    }
    taken
}

impl Head for ServiceRequest {
    fn method(&self) -> &str {
        self.method().as_str()
    }

    fn path(&self) -> &str {
        self.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.uri().query()
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().get_all(name).map(|value| value.as_bytes())
    }
}
