/* One level of the tree, in vectors of LANES numbers; `rows.c` takes this in once for each KIND of
   processor. The registers hold the sums of AT_ONCE nodes. */

#include "vectors.h"

/* Add the products of `count` outputs and the weights of a block to its biases. */
INLINE void OF_KIND(products)(int count, int64_t width, const float *const *outputs,
                              const float *weights, const float *bias, float *sums)
{
    for (int part = 0; part < BLOCK; part += LANES) {
        Floats sum[AT_ONCE][4];
        for (int node = 0; node < count; node++)
            for (int gate = 0; gate < 4; gate++)
                sum[node][gate] = LOAD(bias + gate * BLOCK + part);
        for (int64_t unit = 0; unit < width; unit++) {
            const float *const row = weights + unit * 4 * BLOCK + part;
            for (int gate = 0; gate < 4; gate++) {
                const Floats weight = LOAD(row + gate * BLOCK);
                for (int node = 0; node < count; node++)
                    sum[node][gate] += outputs[node][unit] * weight;
            }
        }
        for (int node = 0; node < count; node++)
            for (int gate = 0; gate < 4; gate++)
                STORE(sums + (node * 4 + gate) * BLOCK + part, sum[node][gate]);
    }
}

/* The next state of a block of a node; the sums of its gates lie `apart` from each other. */
TARGET INLINE void OF_KIND(gates)(const float *input, const float *sums, int64_t apart,
                           const State *before, int64_t above, State *after, int64_t at,
                           int32_t highest)
{
    for (int part = 0; part < BLOCK; part += LANES) {
        Floats gate[4];
        for (int each = 0; each < 4; each++)
            gate[each] = OF_KIND(tanh_of)(LOAD(input + each * BLOCK + part) +
                                          LOAD(sums + each * apart + part));
        const Floats now = 0.5f * ((1.0f + gate[1]) * LOAD(before->c + above + part) +
                                   (1.0f + gate[0]) * gate[2]);
        const Floats out = 0.5f * (1.0f + gate[3]) * OF_KIND(tanh_of)(now);
        const Floats pool = LOAD(before->pool + above + part);
        STORE(after->c + at + part, now);
        STORE(after->h + at + part, out);
        const Floats sum = pool + out, best = OF_KIND(higher)(out, pool);
        STORE(after->pool + at + part, highest ? best : sum);
    }
}

/* The children of a node, when its sums are there. */
TARGET INLINE void OF_KIND(children)(const Network *network, const Level *level, int64_t parent,
                              int64_t block, const float *sums, int64_t apart,
                              const State *before, State *after)
{
    const int64_t width = network->width, above = level->parent[parent] * width + block;
    for (int64_t node = level->child[parent]; node < level->child[parent + 1]; node++)
        OF_KIND(gates)(network->inputs + (level->token[node] * width + block) * 4, sums, apart,
                       before, above, after, node * width + block, network->highest);
}

#ifndef WITH_TILES
TARGET static void OF_KIND(level)(const Network *network, const Level *level, const State *before,
                                  State *after)
{
    const int64_t width = network->width;
    float sums[AT_ONCE * 4 * BLOCK];
    for (int64_t block = 0; block < width; block += BLOCK) {
        const float *const weights = (const float *)network->weights + block * 4 * width;
        const float *const bias = network->bias + 4 * block;
        for (int64_t first = 0; first < level->parents; first += AT_ONCE) {
            const int64_t left = level->parents - first;
            const int64_t end = first + (left < AT_ONCE ? left : AT_ONCE);
            const float *outputs[AT_ONCE];
            for (int each = 0; each < AT_ONCE; each++)
                outputs[each] =
                    before->h + level->parent[first + (each < left ? each : 0)] * width;
            fetch(network, level, first, end, block);
            if (left == 1)
                OF_KIND(products)(1, width, outputs, weights, bias, sums);
            else
                OF_KIND(products)(AT_ONCE, width, outputs, weights, bias, sums);
            for (int64_t parent = first; parent < end; parent++)
                OF_KIND(children)(network, level, parent, block,
                                  sums + (parent - first) * 4 * BLOCK, BLOCK, before, after);
        }
    }
}
#undef KIND
#undef LANES
#undef AT_ONCE
#undef TARGET
#endif

#undef Floats
#undef Bits
#undef LOAD
#undef STORE
