/* From plain text to numbers of words, by the rules of `gemel.text.clean` and `split_words`.

   Plain text has the bytes 0 to 127 only; any other takes the way through Python. */

#include <stdint.h>
#include <string.h>

enum { LETTER = 1, DIGIT = 2, WORD = 4 }; /* what a byte may be: WORD has the other two and _ */

static const uint8_t KIND[128] = {
    ['0' ... '9'] = DIGIT | WORD, ['A' ... 'Z'] = LETTER | WORD,
    ['a' ... 'z'] = LETTER | WORD, ['_'] = WORD,
};

static int is_lower_or_upper(const uint8_t *at, const uint8_t *end, const char *lower,
                             const char *upper, int64_t length)
{
    return end - at >= length && (!memcmp(at, lower, length) || !memcmp(at, upper, length));
}

/* Before n't a word ends, as before a space: don't is do n't. */
static int is_cut(const uint8_t *at, const uint8_t *end)
{
    return (*at | 32) == 'n' && is_lower_or_upper(at, end, "n't", "N'T", 3);
}

/* Whether a word would go on here. */
static int goes_on(const uint8_t *at, const uint8_t *end)
{
    return at < end && KIND[*at] && !is_cut(at, end);
}

static int64_t negation(const uint8_t *at, const uint8_t *end)
{
    const int is_one = end - at >= 3 && (at[0] | 32) == 'n' && at[1] == '\'' && (at[2] | 32) == 't';
    return is_one && !goes_on(at + 3, end) ? 3 : 0;
}

static int64_t ending(const uint8_t *at, const uint8_t *end)
{
    if (*at != '\'' || end - at < 2)
        return 0;
    const uint8_t first = at[1] | 32, second = end - at > 2 ? at[2] | 32 : 0;
    int64_t length = 0;
    if (KIND[at[1]] & LETTER && (first == 's' || first == 'd' || first == 'm'))
        length = 2;
    if (length && !goes_on(at + length, end))
        return length;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
        (first == 'l' && second == 'l'))
        return goes_on(at + 3, end) ? 0 : 3;
    return 0;
}

/* $5, 2.0, 10:30, 50%. Where a letter follows, the number ends before the last separator. */
static int64_t number(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *to = at + (*at == '$');
    if (to == end || !(KIND[*to] & DIGIT))
        return 0;
    const uint8_t *before = 0;
    while (1) {
        while (to < end && KIND[*to] & DIGIT)
            to++;
        const int is_apart = end - to >= 2 && (*to == '.' || *to == ',' || *to == ':');
        if (!is_apart || !(KIND[to[1]] & DIGIT))
            break;
        before = to++;
    }
    if (to < end && *to == '%')
        return to + 1 - at;
    if (!goes_on(to, end))
        return to - at;
    return before ? before - at : 0;
}

/* c++, c# */
static int64_t language(const uint8_t *at, const uint8_t *end)
{
    if (!(KIND[*at] & LETTER) || end - at < 2)
        return 0;
    int64_t length = 0;
    if (at[1] == '#')
        length = 2;
    else if (end - at >= 3 && at[1] == '+' && at[2] == '+')
        length = 3;
    return length && !goes_on(at + length, end) ? length : 0;
}

static int64_t word_or_mark(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *to = at + 1;
    if (KIND[*at])
        while (goes_on(to, end))
            to++;
    return to - at;
}

static int64_t length_of_next(const uint8_t *at, const uint8_t *end)
{
    int64_t length = negation(at, end);
    if (!length)
        length = ending(at, end);
    if (!length)
        length = number(at, end);
    if (!length)
        length = language(at, end);
    return length ? length : word_or_mark(at, end);
}

static uint64_t hash_of(const uint8_t *at, int64_t length)
{
    uint64_t hash = 0x9E3779B97F4A7C15u ^ (uint64_t)length;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t eight;
        memcpy(&eight, at, 8);
        hash = (hash ^ eight) * 0xBF58476D1CE4E5B9u;
        hash ^= hash >> 29;
    }
    uint64_t rest = 0;
    memcpy(&rest, at, length);
    hash = (hash ^ rest) * 0x94D049BB133111EBu;
    return hash ^ hash >> 32;
}

/* Where a word stands in the list, or the empty slot where it would.

   A slot holds half of a word's hash, and its number and 1; 0 where there is none. */
static uint64_t slot_of(const uint8_t *at, int64_t length, const uint8_t *words,
                        const int64_t *starts, const uint64_t *slots, uint64_t mask)
{
    const uint64_t hash = hash_of(at, length), half = hash & 0xFFFFFFFF00000000u;
    uint64_t slot = hash & mask;
    for (; slots[slot]; slot = (slot + 1) & mask) {
        if ((slots[slot] & 0xFFFFFFFF00000000u) != half)
            continue;
        const int64_t word = (int64_t)(slots[slot] & 0xFFFFFFFFu) - 1;
        if (starts[word + 1] - starts[word] == length &&
            !memcmp(words + starts[word], at, length))
            break;
    }
    return slot;
}

/* Make the list that `gemel_scan` looks words up in.

   words: the bytes of all words; starts (count + 1): where each begins; slots (a power of two,
   twice as many as words at least): zeros. Returns 0. */
int64_t gemel_list_words(int64_t count, int64_t slot_count, const uint8_t *words,
                         const int64_t *starts, uint64_t *slots)
{
    const uint64_t mask = (uint64_t)slot_count - 1;
    for (int64_t word = 0; word < count; word++) {
        const uint8_t *at = words + starts[word];
        const int64_t length = starts[word + 1] - starts[word];
        const uint64_t hash = hash_of(at, length);
        slots[slot_of(at, length, words, starts, slots, mask)] =
            (hash & 0xFFFFFFFF00000000u) | (uint64_t)(word + 1);
    }
    return 0;
}

/* Cut texts into words and give each its number in the list, or -1.

   text: the bytes of all texts, which are cleaned where they stand; text_starts (texts + 1): where
   each begins; numbers: room for as many as there are bytes; row_starts (texts + 1): where the
   words of each text begin among them; unknown: room for as many, of each word that is not
   in the list its place among the numbers; begins: room for twice as many, its first byte and the
   one behind its last. Returns how many
   words are not in the list. */
int64_t gemel_scan(int64_t texts, int32_t lowercase, int64_t slot_count, uint8_t *text,
                   const int64_t *text_starts, const uint8_t *words, const int64_t *starts,
                   const uint64_t *slots, int32_t *numbers, int64_t *row_starts, int64_t *unknown,
                   int64_t *begins)
{
    const int64_t size = text_starts[texts];
    for (int64_t at = 0; at < size; at++) {
        const uint8_t byte = text[at];
        const uint8_t shown = byte < 32 || byte == 127 ? ' ' : byte;
        text[at] = lowercase && shown >= 'A' && shown <= 'Z' ? shown | 32 : shown;
    }
    int64_t count = 0, strange = 0;
    row_starts[0] = 0;
    for (int64_t row = 0; row < texts; row++) {
        const uint8_t *at = text + text_starts[row], *const last = text + text_starts[row + 1];
        while (at < last) {
            if (*at == ' ') {
                at++;
                continue;
            }
            const uint8_t *end = at;
            while (end < last && *end != ' ')
                end++;
            while (at < end) {
                const int64_t length = length_of_next(at, end);
                const uint64_t slot = slots[slot_of(at, length, words, starts, slots,
                                                    (uint64_t)slot_count - 1)];
                numbers[count] = (int32_t)(slot & 0xFFFFFFFFu) - 1;
                if (!slot) {
                    unknown[strange] = count;
                    begins[2 * strange] = at - text;
                    begins[2 * strange + 1] = at - text + length;
                    strange++;
                }
                count++;
                at += length;
            }
        }
        row_starts[row + 1] = count;
    }
    return strange;
}
