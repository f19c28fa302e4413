#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build the stylesheet, the scripts and the icons. With a folder as argument, build only the served files, into it.
set -eu
cd "$(dirname "$0")"
[ -x node_modules/.bin/tailwindcss ] || npm ci --no-audit --no-fund --omit-lockfile-registry-resolved
into="${1:-../src/regulars/ui/static/ui}"
mkdir -p "$into"
if [ $# -eq 0 ]; then
    python3 sources.py icons
    python3 sources.py classes
fi
node_modules/.bin/tailwindcss --input css/app.css --output "$into/app.css.new" --minify
mv "$into/app.css.new" "$into/app.css"
cp node_modules/htmx.org/dist/htmx.min.js "$into/htmx.min.js"
cp js/app.js "$into/app.js"
cp mark.svg "$into/mark.svg"
if [ $# -eq 0 ]; then
    python3 sources.py manifest
fi
