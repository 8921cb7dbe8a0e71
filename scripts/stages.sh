# Sourced by the other scripts: runs named stages, times each, and ends with a table. Bash 4.4 or later.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

stage_names=()
stage_results=()
stage_seconds=()
failures=0
# A folder: what each stage prints is kept there too, for failed_output.
stage_logs=''

# stage NAME WHAT COMMAND...: runs COMMAND and keeps its result; a failure does not end the script, so that one run
# tells everything that is wrong. COMMAND ends with 77 when it could not run here and need not.
stage() {
    local name=$1 what=$2 began=$SECONDS result=ok status=0
    shift 2
    printf '\n== %s: %s\n' "$name" "$what"
    if [[ -n $stage_logs ]]; then
        "$@" 2>&1 | tee "$stage_logs/$name" || status=$?
    else
        "$@" || status=$?
    fi
    case $status in
        0) ;;
        77) result=skipped ;;
        *)
            result=FAILED
            failures=$((failures + 1))
            ;;
    esac
    stage_names+=("$name")
    stage_results+=("$result")
    stage_seconds+=("$((SECONDS - began))")
    printf '== %s: %s after %s min\n' "$name" "$result" "$(minutes "$((SECONDS - began))")"
    [[ $result != FAILED ]]
}

# failed_output: prints again what the failed stages said of their failures, as who reads a long log reads its end.
failed_output() {
    local at name found
    for at in "${!stage_names[@]}"; do
        [[ ${stage_results[at]} == FAILED ]] || continue
        name=${stage_names[at]}
        # A test's own output and its name without the calls on the stack, which would hide it, or the compiler's errors and
        # their places; without any of it, the last lines.
        found=$(awk '/^ +[0-9]+: |^ +at [^ ]+:[0-9]+/ { next } /^test result: / { inside = 0 } /^failures:$/ { inside = 1 }
            inside || /^error|^ *--> /' "$stage_logs/$name")
        [[ -n $found ]] || found=$(tail -n 40 "$stage_logs/$name")
        printf '\n== %s FAILED:\n%s\n' "$name" "$(head -c 6000 <<< "$found")"
    done
}

# table: prints every stage with its result and minutes.
table() {
    local at all=ok
    [[ " ${stage_results[*]} " != *" skipped "* ]] || all=partly
    [[ $failures == 0 ]] || all=FAILED
    printf '\n%-12s %-8s %s\n' stage result minutes
    for at in "${!stage_names[@]}"; do
        printf '%-12s %-8s %7s\n' "${stage_names[at]}" "${stage_results[at]}" "$(minutes "${stage_seconds[at]}")"
    done
    printf '%-12s %-8s %7s\n' all "$all" "$(minutes "$SECONDS")"
}

minutes() {
    printf '%d.%02d' "$(($1 / 60))" "$(($1 % 60 * 100 / 60))"
}

# may_install: whether what is missing is installed; otherwise its command is printed.
may_install() {
    [[ ${REQUIRE_BACKENDS:-} == 1 || $(id -u) == 0 ]]
}

# missing WHAT COMMAND: says what is missing and how to get it; the stage counts as skipped.
missing() {
    printf '%s is missing; install it with:\n    %s\n' "$1" "$2"
    return 77
}

# check_toolchain: the compiler, its components and a C compiler, which SQLite and zstd are built with.
check_toolchain() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml)
    if ! command -v cargo > /dev/null; then
        echo "Rust $wanted is missing: see https://rustup.rs"
        return 1
    fi
    found=$(rustc --version | cut -d ' ' -f 2)
    if [[ $(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
        echo "Rust $wanted or later is needed, this is $found: rustup update stable"
        return 1
    fi
    if ! command -v cc > /dev/null; then
        if [[ $(id -u) == 0 ]] && command -v apt-get > /dev/null; then
            apt-get update -qq && apt-get install -y -qq gcc libc6-dev || return 1
        else
            echo "a C compiler is missing: apt-get install gcc libc6-dev"
            return 1
        fi
    fi
    printf 'rustc %s, cc %s\n' "$found" "$(cc -dumpversion)"
}
