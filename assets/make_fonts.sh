#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copy the font files of the five scripts and cut the two currency signs. Run once per font release, from this folder,
# after `npm ci`, with pyftsubset (fonttools and brotli) on the path.
set -eu
cd "$(dirname "$0")"
to=../src/regulars/ui/static/ui/fonts
mkdir -p "$to"
for weight in 400 700; do
    cp "node_modules/@fontsource/noto-sans/files/noto-sans-latin-$weight-normal.woff2" "$to/latin-$weight.woff2"
    for script in devanagari telugu malayalam armenian; do
        cp "node_modules/@fontsource/noto-sans-$script/files/noto-sans-$script-$script-$weight-normal.woff2" "$to/$script-$weight.woff2"
    done
    pyftsubset "node_modules/@fontsource/noto-sans/files/noto-sans-latin-ext-$weight-normal.woff2" \
        --unicodes=U+20B9 --flavor=woff2 --layout-features= --no-hinting --output-file="$to/rupee-$weight.woff2"
    pyftsubset "node_modules/@fontsource/noto-sans-armenian/files/noto-sans-armenian-armenian-$weight-normal.woff2" \
        --unicodes=U+058F --flavor=woff2 --layout-features= --no-hinting --output-file="$to/dram-$weight.woff2"
done
for package in noto-sans noto-sans-devanagari noto-sans-telugu noto-sans-malayalam noto-sans-armenian; do
    head -n 1 "node_modules/@fontsource/$package/LICENSE"
done >"$to/OFL.txt"
tail -n +2 node_modules/@fontsource/noto-sans/LICENSE >>"$to/OFL.txt"
