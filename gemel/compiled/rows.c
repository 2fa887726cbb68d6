/* An LSTM that reads many questions: what they begin with in common, once.

   Questions are read so many at a time, word by word: the words at one depth are a level of a
   tree, whose nodes need what was computed for their parents. For each level the outputs of the
   nodes above are multiplied by the recurrent weights, block of units by block of units, and the
   gates of the block follow at once, while all of it is near the processor.

   All arrays lie row by row. Of weights, biases and gates 16 units of the input gate come first,
   then the same of forget, new and output gate, then the next 16 units. The arguments of all but
   the new gate are halved: sigmoid(x) = (1 + tanh(x / 2)) / 2. */

#include <stdlib.h>

#include "kinds.h"

#define BLOCK 16  /* units whose gates are computed together */
#define ROWS 512  /* questions read together: their states stay in the second cache */
#define LEAST (-1e30f)

typedef struct {
    float *h, *c, *pool; /* (nodes, width) */
} State;

typedef struct {
    int64_t nodes, parents;
    int32_t token[ROWS];     /* of each node */
    int32_t parent[ROWS];    /* nodes of the level above that are gone on from */
    int32_t child[ROWS + 1]; /* the first node that goes on from each of them */
} Level;

typedef struct {
    int64_t width; /* units, filled up to a multiple of 32 */
    int32_t highest;
    const float *inputs;  /* (tokens, 4 width): what each token adds to the gates */
    const void *weights;  /* (blocks, width, 4 * 16), or as `tiles.h` wants them */
    const float *bias;    /* (4 width) */
    uint16_t *outputs;    /* room of `tiles.h` */
} Network;

/* While the products for a block are computed, what comes to them is fetched. */
INLINE void fetch(const Network *network, const Level *level, int64_t first, int64_t end,
                  int64_t block)
{
    for (int64_t node = level->child[first]; node < level->child[end]; node++)
        for (int gate = 0; gate < 4; gate++)
            __builtin_prefetch(network->inputs +
                               (level->token[node] * network->width + block) * 4 + gate * BLOCK);
}

#define KIND plain
#define LANES 4
#define AT_ONCE 2
#define TARGET
#include "level.h"

#if HAS_VECTORS
#define KIND avx2
#define LANES 8
#define AT_ONCE 3
#define TARGET FOR_PROCESSOR("avx2,fma")
#include "level.h"

#define KIND avx512
#define LANES 16
#define AT_ONCE 6
#define TARGET FOR_PROCESSOR("avx512f,avx512bw,avx512vl")
#include "level.h"
#endif

#if HAS_TILES
#include "tiles.h"
#endif

/* Say what this processor can do: a bit for each kind. */
int64_t gemel_kinds(void)
{
#if defined(GEMEL_KINDS)
    return GEMEL_KINDS;
#else
    int64_t kinds = 1 << PLAIN;
#if HAS_VECTORS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kinds |= 1 << AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        kinds |= 1 << AVX512;
#endif
#if HAS_TILES
    if (kinds >> AVX512 & 1 && may_use_tiles())
        kinds |= 1 << TILES;
#endif
    return kinds;
#endif
}

static void read_level(int kind, const Network *network, const Level *level, const State *before,
                       State *after)
{
#if HAS_TILES
    if (kind == TILES) {
        level_tiles(network, level, before, after);
        return;
    }
#endif
#if HAS_VECTORS
    if (kind == AVX512) {
        level_avx512(network, level, before, after);
        return;
    }
    if (kind == AVX2) {
        level_avx2(network, level, before, after);
        return;
    }
#endif
    level_plain(network, level, before, after);
}

typedef struct {
    const int32_t *ids;
    const int64_t *starts;
    const int64_t *rows;  /* which rows are read together */
    int64_t count;        /* how many */
    int32_t live[ROWS];   /* which of these go on, */
    int64_t lives;        /* and how many do */
    int32_t alike[ROWS];  /* tokens that each one begins with like the one before it */
    int32_t node[ROWS];   /* the last node of each */
} Batch;

static int64_t length_of(const Batch *batch, int64_t row)
{
    return batch->starts[batch->rows[row] + 1] - batch->starts[batch->rows[row]];
}

static void begin(Batch *batch)
{
    batch->lives = 0;
    for (int64_t row = 0; row < batch->count; row++) {
        const int32_t *const ids = batch->ids + batch->starts[batch->rows[row]];
        int64_t most = length_of(batch, row);
        if (most)
            batch->live[batch->lives++] = (int32_t)row;
        int64_t same = 0;
        if (row) {
            const int32_t *const others = batch->ids + batch->starts[batch->rows[row - 1]];
            if (length_of(batch, row - 1) < most)
                most = length_of(batch, row - 1);
            while (same < most && same < INT32_MAX && ids[same] == others[same])
                same++;
        }
        batch->alike[row] = (int32_t)same;
        batch->node[row] = 0;
    }
}

/* Find the nodes of a depth. A row that begins like the one before it shares its nodes. */
static void find_level(Batch *batch, int64_t depth, Level *level)
{
    int32_t last_row = -2, last_parent = -1;
    level->nodes = level->parents = 0;
    for (int64_t each = 0; each < batch->lives; each++) {
        const int32_t row = batch->live[each];
        if (last_row != row - 1 || batch->alike[row] <= depth) {
            if (batch->node[row] != last_parent) {
                level->parent[level->parents] = last_parent = batch->node[row];
                level->child[level->parents++] = (int32_t)level->nodes;
            }
            level->token[level->nodes++] = batch->ids[batch->starts[batch->rows[row]] + depth];
        }
        batch->node[row] = (int32_t)level->nodes - 1;
        last_row = row;
    }
    level->child[level->parents] = (int32_t)level->nodes;
}

/* Hand out the rows that end at a depth; the others go on. */
static void end_rows(Batch *batch, int64_t depth, const Network *network, const State *state,
                     int64_t units, float *pooled)
{
    int64_t lives = 0;
    for (int64_t each = 0; each < batch->lives; each++) {
        const int32_t row = batch->live[each];
        const int64_t length = length_of(batch, row);
        if (length > depth + 1) {
            batch->live[lives++] = row;
            continue;
        }
        const float *const pool = state->pool + batch->node[row] * network->width;
        float *const to = pooled + batch->rows[row] * units;
        const float share = network->highest ? 1.0f : 1.0f / (float)length;
        for (int64_t unit = 0; unit < units; unit++)
            to[unit] = pool[unit] * share;
    }
    batch->lives = lives;
}

/* Read rows of token ids and pool the outputs of each: their mean, or the highest of each number.

   rows: in an order in which those that begin alike stand together; ids, starts: a table of all
   rows, by number; inputs, weights, bias: see `Network`; pooled (rows, units): zeros, and zeros
   they stay for rows without tokens. Returns 0, or -1 if there is no memory. */
int64_t gemel_rows(int32_t kind, int32_t highest, int64_t count, int64_t width, int64_t units,
                   const int64_t *rows, const int32_t *ids, const int64_t *starts,
                   const float *inputs, const void *weights, const float *bias, float *pooled)
{
    /* `tiles.h` takes 16 rows of outputs, of half the size, at a time. */
    const int64_t most = count < ROWS ? (count + 31) / 16 * 16 : ROWS, size = most * width;
    float *const room = aligned_alloc(64, 7 * size * sizeof(float));
    if (room == NULL)
        return -1;
    State states[2];
    for (int each = 0; each < 2; each++)
        states[each] = (State){room + 3 * each * size, room + (3 * each + 1) * size,
                               room + (3 * each + 2) * size};
    const Network network = {width, highest, inputs, weights, bias, (uint16_t *)(room + 6 * size)};
    for (int64_t from = 0; from < count; from += ROWS) {
        Batch batch = {.ids = ids, .starts = starts, .rows = rows + from,
                       .count = count - from < ROWS ? count - from : ROWS};
        Level level;
        begin(&batch);
        for (int64_t unit = 0; unit < width; unit++) {
            states[0].h[unit] = states[0].c[unit] = 0;
            states[0].pool[unit] = highest ? LEAST : 0;
        }
        for (int64_t depth = 0; batch.lives; depth++) {
            const State *const before = &states[depth % 2];
            State *const after = &states[(depth + 1) % 2];
            find_level(&batch, depth, &level);
            read_level(kind, &network, &level, before, after);
            end_rows(&batch, depth, &network, after, units, pooled);
        }
    }
    free(room);
    return 0;
}
