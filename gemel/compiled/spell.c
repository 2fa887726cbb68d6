/* Words by their spelling: their n-grams, and the sums of those n-grams' vectors. */

#include <stdint.h>
#include <string.h>

enum { SHORTEST = 3, LONGEST = 5 };

static void make_table(uint32_t *table)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++)
            rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320u : 0);
        table[byte] = rest;
    }
}

static uint32_t crc_of(const uint32_t *table, const uint8_t *at, const uint8_t *end)
{
    uint32_t rest = 0xFFFFFFFFu;
    while (at < end)
        rest = rest >> 8 ^ table[(rest ^ *at++) & 255];
    return ~rest;
}

/* Where the character behind the one at `at` begins. */
static const uint8_t *next(const uint8_t *at, const uint8_t *end)
{
    do
        at++;
    while (at < end && (*at & 0xC0) == 0x80);
    return at;
}

/* Give the n-grams of words: by their CRC-32, a row of a table each; the shortest first.

   text: the words in UTF-8, "<" before and ">" behind each; text_starts (words + 1): where each
   begins; ngrams: room for three times as many as there are bytes; starts (words + 1): where those
   of each word begin. Returns 0. */
int64_t gemel_spell(int64_t words, int64_t buckets, const uint8_t *text,
                    const int64_t *text_starts, int32_t *ngrams, int64_t *starts)
{
    uint32_t table[256];
    make_table(table);
    int64_t count = 0;
    starts[0] = 0;
    for (int64_t word = 0; word < words; word++) {
        const uint8_t *const last = text + text_starts[word + 1];
        for (int length = SHORTEST; length <= LONGEST; length++) {
            const uint8_t *from = text + text_starts[word], *to = from;
            int have = 0;
            for (; have < length && to < last; have++)
                to = next(to, last);
            while (have == length) {
                ngrams[count++] = (int32_t)(crc_of(table, from, to) % (uint64_t)buckets);
                if (to == last)
                    break;
                from = next(from, last);
                to = next(to, last);
            }
        }
        starts[word + 1] = count;
    }
    return 0;
}

/* Sum the vectors of each word's n-grams.

   table (buckets, dim): a vector for each n-gram; ngrams, starts: as `gemel_spell` gives them;
   sums (words, dim): zeros. Returns 0. */
int64_t gemel_sum_rows(int64_t words, int64_t dim, const float *table, const int32_t *ngrams,
                       const int64_t *starts, float *sums)
{
    for (int64_t word = 0; word < words; word++) {
        float *const sum = sums + word * dim;
        for (int64_t each = starts[word]; each < starts[word + 1]; each++) {
            const float *const row = table + ngrams[each] * dim;
            for (int64_t number = 0; number < dim; number++)
                sum[number] += row[number];
        }
    }
    return 0;
}
