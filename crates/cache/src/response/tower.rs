//! The layer for tower services.

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    ResponseCache,
    answer::Answer,
    judge::{Failed, Found, Verdict},
    request::{CONDITIONS, Head, Plan},
    rules::Rules,
    stored::Content,
};
use crate::LoadError;

/// Keeps whole responses. Made by [`ResponseCache::layer`].
#[derive(Clone, Debug)]
pub struct ResponseCacheLayer(ResponseCache);

/// A service whose responses are kept.
#[derive(Clone, Debug)]
pub struct ResponseCacheService<S> {
    rules: Arc<Rules>,
    inner: S,
}

impl ResponseCache {
    /// Makes a layer for tower services, such as an axum router.
    #[must_use]
    pub const fn layer(self) -> ResponseCacheLayer {
        ResponseCacheLayer(self)
    }
}

impl<S> Layer<S> for ResponseCacheLayer {
    type Service = ResponseCacheService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResponseCacheService { rules: Arc::clone(&self.0.0), inner }
    }
}

type BodyOf<B> = Either<B, Full<Bytes>>;
type Given<B, E> = Result<Response<BodyOf<B>>, E>;

/// What the load and the caller that leads it hand each other.
struct Desk<S, Q, B, E>(Mutex<Paper<S, Q, B, E>>);

struct Paper<S, Q, B, E> {
    /// Until a load takes it.
    request: Option<(S, Request<Q>)>,
    /// For the caller alone.
    own: Option<Given<B, E>>,
    /// Whether something older is kept that this response says must not be.
    outdates: bool,
}

impl<S, Q, B, E> Desk<S, Q, B, E> {
    fn lock(&self) -> MutexGuard<'_, Paper<S, Q, B, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, Q, B> Service<Request<Q>> for ResponseCacheService<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    Q: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<BodyOf<B>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Given<B, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let rules = Arc::clone(&self.rules);
        let next = self.inner.clone();
        // The one that said it is ready.
        let inner = std::mem::replace(&mut self.inner, next);
        match rules.plan(&request) {
            Plan::Cache { key } => Box::pin(serve(rules, key, inner, request)),
            plan => Box::pin(pass_by(rules, plan, inner, request)),
        }
    }
}

async fn pass_by<S, Q, B>(
    rules: Arc<Rules>,
    plan: Plan,
    mut inner: S,
    request: Request<Q>,
) -> Given<B, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    let asked = rules.asked(&request);
    if let Plan::Look { key } = &plan
        && let Some((stored, outcome)) = rules.cache.entry(&rules.kind, key).with_outcome().get().await
        && let Content::Whole(whole) = &stored.0
    {
        let answer = Answer { body: Bytes::new(), ..Answer::of(whole, &outcome, &asked) };
        return Ok(into_response(answer));
    }
    let given = inner.call(request).await?;
    if plan == Plan::Change && !given.status().is_client_error() && !given.status().is_server_error() {
        rules.cache.remove_tag(&asked.tag).await;
    }
    Ok(given.map(Either::Left))
}

async fn serve<S, Q, B>(rules: Arc<Rules>, key: String, inner: S, request: Request<Q>) -> Given<B, S::Error>
where
    S: Service<Request<Q>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    Q: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let asked = rules.asked(&request);
    let paper = Paper { request: Some((inner, request)), own: None, outdates: false };
    let desk = Arc::new(Desk(Mutex::new(paper)));
    let entry = rules.cache.entry(&rules.kind, &key).tags([&asked.tag]).with_outcome();
    let answer = entry
        .get_or_load_with(|| {
            let (desk, rules) = (Arc::clone(&desk), Arc::clone(&rules));
            move |cx| async move {
                let Some((service, request)) = desk.lock().request.take() else { return Err(Failed(None)) };
                let found = ask(&rules, service, request, &desk).await;
                desk.lock().outdates = matches!(found, Found::NotShared) && cx.stale().is_some();
                found.land(&cx)
            }
        })
        .await;
    if let Ok((stored, outcome)) = &answer
        && let Content::Whole(whole) = &stored.0
    {
        return Ok(into_response(Answer::of(whole, outcome, &asked)));
    }
    let (own, request, outdates) = {
        let mut paper = desk.lock();
        (paper.own.take(), paper.request.take(), paper.outdates)
    };
    if outdates {
        rules.cache.delete(&rules.kind, &key).await;
    }
    if let Some(own) = own {
        return own;
    }
    let lost = match answer {
        Ok(_) => None,
        Err(LoadError::Loader(failed)) => match &failed.0 {
            Some(whole) => return Ok(into_response(Answer::shared(whole))),
            None => None,
        },
        Err(LoadError::Cancelled) => None,
        Err(error) => Some(error),
    };
    match (lost, request) {
        // Waited for a response that is for another alone.
        (None, Some((mut inner, request))) => Ok(inner.call(request).await?.map(Either::Left)),
        (lost, _) => Ok(into_response(Answer::without(&lost.unwrap_or(LoadError::Cancelled)))),
    }
}

/// Asks the handler for the whole response, and keeps for the caller what is not for all.
async fn ask<S, Q, B>(
    rules: &Rules,
    mut service: S,
    mut request: Request<Q>,
    desk: &Desk<S, Q, B, S::Error>,
) -> Found
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    for name in CONDITIONS {
        request.headers_mut().remove(name);
    }
    let response = match service.call(request).await {
        Ok(response) => response,
        Err(error) => {
            desk.lock().own = Some(Err(error));
            return Found::Failed(Failed(None));
        }
    };
    let length = response.body().size_hint().exact();
    let life = match rules.judge(response.status(), response.headers(), length) {
        Verdict::Keep(life) => Some(life),
        Verdict::Failed { is_shared: true } => None,
        verdict => {
            desk.lock().own = Some(Ok(response.map(Either::Left)));
            return verdict.alone();
        }
    };
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Found::read(rules.pack(parts.status, parts.headers, body.to_bytes()), life),
        Err(_) => Found::Failed(Failed(None)),
    }
}

fn into_response<B>(answer: Answer) -> Response<BodyOf<B>> {
    let mut response = Response::new(Either::Right(Full::new(answer.body)));
    (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
    response
}

impl<Q> Head for Request<Q> {
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
        self.headers().get_all(name).iter().map(HeaderValue::as_bytes)
    }
}
