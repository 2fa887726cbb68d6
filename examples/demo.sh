#!/bin/sh
# The first three minutes with gemel. Every line after a `$` can be typed as shown.
# usage: examples/demo.sh [DIR]    writes to DIR (default: demo)
set -e
out=${1:-demo}
here=$(dirname "$0")

title() { printf '\n# %s\n' "$1"; }
run() { printf '$ %s\n' "$1"; sh -c "$1" || [ $? -eq 1 ]; }  # 1 is an answer: no duplicate found

if [ -e "$out" ]; then echo "$out: exists; remove it or name another folder" >&2; exit 2; fi
mkdir "$out"
cp "$here/questions.txt" "$out/questions.txt"

title "1. Do two questions ask the same thing?"
run 'gemel compare "How do I cook rice?" "What is the best way to cook rice?"'

title "2. Find the duplicates in a file of 20 questions (all groups: $out/groups.html)."
run "gemel dedupe $out/questions.txt --out $out/groups.html --quiet | head -n 6"

title "3. Store the questions, then check new ones against them."
run "gemel index $out/questions.txt --db $out/site.db --quiet"
run "gemel check 'how to lose weight fast' --db $out/site.db -k 2 --quiet"
run "gemel check 'How do I boil an egg?' --db $out/site.db -k 2 --quiet"

title "4. Adapt the model to questions of another kind: 2,293 labelled pairs of an invented help desk."
run "gemel sample --out $out/helpdesk > $out/sample.txt"
run "gemel train $out/helpdesk/train.tsv --from quora-en --config finetune --set training.epochs=3 --out $out/model"

title "5. Measure it on 638 hard pairs that it has not seen, next to TF-IDF (more: $out/report/index.html)."
run "gemel evaluate $out/helpdesk/held-out.tsv --model $out/model --tfidf-baseline --report $out/report | head -n 8"

title "Next: gemel serve --db $out/site.db    opens the page; docs/tutorial.md starts with your own file."
