#!/bin/sh
# The first three minutes with gemel: every line after a `$` can be typed as it stands.
# Usage: examples/demo.sh [DIR]    writes into DIR, demo if none is named
set -e
out=${1:-demo}
sample=$out/helpdesk model=$out/model report=$out/report

say() { printf '\n\n# %s\n' "$1"; shift; for line; do printf '# %s\n' "$line"; done; printf '\n'; }
run() {
    printf '$'
    for word; do case $word in *[\ \?]*) printf ' "%s"' "$word";; *) printf ' %s' "$word";; esac; done
    printf '\n'
    "$@"
}

if [ -e "$out" ]; then echo "$out: is there already; remove it or name another folder" >&2; exit 2; fi

say "1. The data: pairs of questions to an invented help desk, written by hand." \
    "Label 1: both ask the same, in other words. Label 0: they do not, though they may look alike." \
    "Some groups of questions are held out: the model will be judged on what it has never seen."
run gemel sample --out "$sample"

say "2. Look at pairs before learning from them: odd labels, repeats, lengths."
run gemel audit "$sample/train.tsv" "$sample/held-out.tsv" --plot "$out/audit.png"

say "3. Learn. A Siamese network is one encoder that reads two questions and gives each a vector." \
    "Training pulls the vectors of questions that ask the same together, and pushes others apart." \
    "The score on validation pairs, kept out of training, says when it has learned enough."
run gemel train "$sample/train.tsv" --config "$sample/settings.toml" --out "$model"

say "4. Is it any good? The held-out groups tell, and TF-IDF beside it, which only counts shared" \
    "letters. Two thousand pairs teach little, and these near misses are hard; Quora's 167,225 pairs" \
    "teach the same network far more (see the README). The report has all of this, with pictures."
run gemel evaluate "$sample/held-out.tsv" --model "$model" --beside-tfidf --report "$report"

say "5. Ask it, in words that it may not know. What each word did for the answer stands below it."
run gemel compare "How do I reset my password?" "forgot my password, how to set a new one" \
    --model "$model" --explain
echo
run gemel compare "How do I reset my password?" "How do I change my email address?" \
    --model "$model" --explain
echo
run gemel compare "can i get my money back" "How do I cancel my subscription?" \
    --model "$model" --explain

say "6. Fill a corpus with the sample's questions, and ask whether one was asked before."
run gemel index "$sample/questions.txt" --db "$out/site.db" --model "$model"
run gemel search "how do i change my password" --db "$out/site.db" --model "$model" -k 3

say "7. Now your own file, with the columns question1, question2 and is_duplicate:" \
    "gemel split pairs.csv --out parts && gemel train parts/train.csv --out my-model" \
    "gemel evaluate parts/test.csv --model my-model --report report" \
    "" \
    "Look at $report/index.html and $out/audit.png, and open the page, which asks, shows duplicates," \
    "has pairs to review, and shows the model:" \
    "gemel serve --db $out/site.db --model $model"
