//! An actix-web application behind the middleware.

use actix_http::Request;
use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    body::{MessageBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::{Method, StatusCode},
    test, web,
};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::kit::{Got, promises};

async fn handler(request: HttpRequest, world: web::Data<World>) -> HttpResponse {
    let script = world.handle().await;
    let mut response = HttpResponse::build(StatusCode::from_u16(script.status).unwrap());
    for (name, value) in script.headers {
        response.insert_header((name, value));
    }
    let saw = if request.headers().contains_key("if-none-match") { "yes" } else { "no" };
    response.insert_header(("saw-condition", saw));
    let bytes = Bytes::from(script.body);
    if script.streams {
        response.streaming(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]))
    } else {
        response.body(bytes)
    }
}

macro_rules! app {
    ($world:ident, $rules:expr) => {
        test::init_service(
            App::new()
                .wrap($rules)
                .app_data(web::Data::new($world.clone()))
                .route("/{name}", web::to(handler)),
        )
        .await
    };
}

async fn ask<S, B>(app: &S, method: &str, target: &str, headers: &[(&str, &str)]) -> Got
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let mut request =
        test::TestRequest::with_uri(target).method(Method::from_bytes(method.as_bytes()).unwrap());
    for header in headers {
        request = request.insert_header(*header);
    }
    let response = app.call(request.to_request()).await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = to_bytes(response.into_body()).await.map_err(|_| "unreadable").unwrap();
    Got { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

promises!(actix_web::test, app, ask);

#[actix_web::test]
async fn over_a_connection_a_head_has_the_length_and_a_304_has_no_body() {
    let world = World::new();
    let data = world.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(data.rules())
            .app_data(web::Data::new(data.clone()))
            .route("/{name}", web::to(handler))
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let ask = |head: &'static str| async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head}\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.to_lowercase()
    };
    assert!(ask("GET /a HTTP/1.1").await.ends_with("\r\n\r\n1x"));
    let head = ask("HEAD /a HTTP/1.1").await;
    assert!(head.contains("content-length: 2\r\n") && head.contains("x-cache: hit"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let known = ask("GET /a HTTP/1.1\r\nif-none-match: *").await;
    assert!(known.starts_with("http/1.1 304") && known.ends_with("\r\n\r\n"), "{known}");
    handle.stop(false).await;
}

#[actix_web::test]
async fn stale_response_is_given_while_the_handler_still_works() {
    let world = World::new();
    let kind = crate::kit::PAGES.soft_timeout(Duration::ZERO);
    let rules = stockpile_cache::response::ResponseCache::new(&world.cache, kind);
    let app = app!(world, rules);
    ask(&app, "GET", "/a", &[]).await;
    world.clock.advance(Duration::from_secs(11));
    let gate = world.shut();
    let request = test::TestRequest::with_uri("/a").to_request();
    // The handler holds the request, so the answer comes as an error that carries it.
    let stale = app.call(request).await.unwrap_err().error_response();
    assert_eq!(
        (stale.status(), stale.headers().get("x-cache").unwrap().to_str().unwrap()),
        (StatusCode::OK, "stale")
    );
    gate.add_permits(1);
    settle().await;
    assert_eq!(ask(&app, "GET", "/a", &[]).await.brief(), ("2x", "hit"));
}
