# List the recipes.
default:
    @just --list

# Build, then serve on http://localhost:8000; flags go to the server.
run *flags:
    ./scripts/run {{flags}}

# Everything CI runs, or the named stages.
test *stages:
    ./scripts/test {{stages}}

# Formatting, lints and documentation.
check:
    ./scripts/test format clippy docs

# Run the benches, or those whose name holds the filter.
bench filter="":
    cargo bench --workspace --all-features -- {{filter}}

# What a hit costs over HTTP, beside peers that do less; flags go to bench/http.
bench-http *flags:
    ./bench/http {{flags}}

# Format the sources.
fmt:
    cargo fmt --all

# Renew the examples in the API document, then the document.
openapi:
    RENEW=examples cargo test -p stockpile-server --test it openapi::every_example
    RENEW=document cargo test -p stockpile-server --test it openapi::the_stored
