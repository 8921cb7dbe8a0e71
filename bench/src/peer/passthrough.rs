//! An actix-web server that asks Redis through fred and passes the bytes through.

use std::net::SocketAddr;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Result, ensure};
use bytes::Bytes;
use clap::Args;
use fred::{
    clients::Client,
    interfaces::{ClientLike as _, KeysInterface as _},
    types::{Builder, config::Config},
};

use super::Given;
use crate::client;

/// What the keys start with, here and in `app.py`.
const PREFIX: &str = "bench:";

#[derive(Args, Debug)]
pub(crate) struct Options {
    #[arg(long)]
    addr: SocketAddr,
    /// The server whose answers are stored and passed through.
    #[arg(long)]
    from: SocketAddr,
    #[arg(long)]
    redis: String,
    /// A connection for each worker instead of one for all.
    #[arg(long)]
    each: bool,
    /// What is asked for; each becomes a key.
    #[arg(long = "target", required = true)]
    targets: Vec<String>,
}

struct Passed {
    client: Client,
    given: Given,
}

/// Stores the other server's answers in Redis, then serves.
pub(crate) async fn serve(options: Options) -> Result<()> {
    let client = connected(&options.redis).await?;
    let mut first = None;
    for target in &options.targets {
        let answer = client::ask(options.from, &client::request(target, &[])).await?;
        ensure!(answer.status == 200, "{target}: {}", answer.status);
        let body = Bytes::from(answer.body.clone());
        let () = client.set(format!("{PREFIX}{target}"), body, None, None, false).await?;
        first.get_or_insert(answer);
    }
    let Some(first) = first else { return Ok(()) };
    let given = Given::new(&first)?;
    HttpServer::new(move || {
        let (client, given) = (client.clone(), given.clone());
        let own = options.each.then(|| options.redis.clone());
        App::new()
            .data_factory(move || {
                let (client, given, own) = (client.clone(), given.clone(), own.clone());
                async move {
                    let client = match own {
                        Some(url) => connected(&url).await?,
                        None => client,
                    };
                    Ok::<_, anyhow::Error>(Passed { client, given })
                }
            })
            .default_service(web::get().to(pass))
    })
    .bind(options.addr)?
    .run()
    .await?;
    Ok(())
}

async fn connected(url: &str) -> Result<Client> {
    let client = Builder::from_config(Config::from_url(url)?).build()?;
    client.init().await?;
    Ok(client)
}

async fn pass(request: HttpRequest, passed: web::Data<Passed>) -> HttpResponse {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let Ok(Some(body)) = passed.client.get::<Option<Bytes>, _>(format!("{PREFIX}{target}")).await else {
        return HttpResponse::BadGateway().finish();
    };
    let mut response = HttpResponse::build(passed.given.status);
    for (name, value) in &passed.given.headers {
        response.insert_header((name.clone(), value.clone()));
    }
    response.body(body)
}
