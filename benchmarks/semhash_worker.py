"""SemHash on a file of questions, in an environment of its own: text to duplicates.

Takes the file and a folder of model2vec's, distilled by `speed.py` from all-MiniLM-L6-v2.
"""

import json
import sys
from pathlib import Path

from model2vec import StaticModel
from semhash import SemHash

THRESHOLD = 0.9
"""Its own default."""


def main() -> None:
    """Find the duplicates and say how many there are."""
    path, model = sys.argv[1:]
    texts = [json.loads(line)["text"] for line in Path(path).read_text().splitlines()]
    index = SemHash.from_records(records=texts, model=StaticModel.from_pretrained(model))
    found = index.self_deduplicate(threshold=THRESHOLD)
    print(json.dumps({"questions": len(texts), "kept": len(found.selected)}))


if __name__ == "__main__":
    main()
