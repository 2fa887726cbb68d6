/* An LSTM's gates, and the reading of one question: what NumPy takes a dozen passes for.

   Compiled once for each kind of processor; plain C with the vector types of GCC and Clang. All
   arrays are float32 or int32 and lie row by row. The rows of gates hold input, forget, new and
   output gate, the arguments of all but the new one halved: sigmoid(x) = (1 + tanh(x / 2)) / 2. */

#include <stdint.h>
#include <string.h>

#ifdef GEMEL_CLONES
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#define LANES 16
#define INLINE static inline __attribute__((always_inline))

typedef float Floats __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t Bits __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE Floats choose(Bits yes, Floats a, Floats b)
{
    return (Floats)((yes & (Bits)a) | (~yes & (Bits)b));
}

/* The rational approximation that Eigen uses; beyond the ends tanh is 1 in float32. */
INLINE Floats tanh_of(Floats x)
{
    const Floats end = (Floats){0} + 7.90531110763549805f;
    x = choose(x > end, end, x);
    x = choose(x < -end, -end, x);
    const Floats s = x * x;
    Floats p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    Floats q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return p * x / q;
}

INLINE Floats load(const float *from, int64_t count)
{
    Floats numbers = {0};
    memcpy(&numbers, from, count * sizeof(float));
    return numbers;
}

INLINE void store(float *to, Floats numbers, int64_t count)
{
    memcpy(to, &numbers, count * sizeof(float));
}

/* `count` numbers of one node; the compiler makes one instruction of each line if it is LANES. */
INLINE void step_some(int64_t count, int64_t units, const float *input, const float *product,
                      const float *c_before, const float *pool_before,
                      float *h, float *c, float *pool, int highest)
{
    Floats gates[4];
    for (int gate = 0; gate < 4; gate++)
        gates[gate] = tanh_of(load(input + gate * units, count) +
                              load(product + gate * units, count));
    const Floats now = 0.5f * ((1.0f + gates[1]) * load(c_before, count) +
                               (1.0f + gates[0]) * gates[2]);
    const Floats out = 0.5f * (1.0f + gates[3]) * tanh_of(now);
    const Floats pooled = load(pool_before, count);
    store(c, now, count);
    store(h, out, count);
    store(pool, highest ? choose(out > pooled, out, pooled) : pooled + out, count);
}

INLINE void step_node(int64_t units, const float *input, const float *product,
                      const float *c_before, const float *pool_before,
                      float *h, float *c, float *pool, int highest)
{
    int64_t at = 0;
    for (; at + LANES <= units; at += LANES)
        step_some(LANES, units, input + at, product + at, c_before + at, pool_before + at,
                  h + at, c + at, pool + at, highest);
    if (at < units)
        step_some(units - at, units, input + at, product + at, c_before + at, pool_before + at,
                  h + at, c + at, pool + at, highest);
}

/* The nodes of a tree that go on from those of the level above.

   inputs (tokens, 4 units): what each token adds to the gates; products (.., 4 units): what the
   outputs of the nodes above add, of each node the row `sibling`. */
FOR_EACH_PROCESSOR
void gemel_step(int64_t nodes, int64_t units, const int32_t *tokens, const int32_t *parents,
                const int32_t *siblings, const float *inputs, const float *products,
                const float *c_before, const float *pool_before,
                float *h, float *c, float *pool, int32_t highest)
{
    for (int64_t node = 0; node < nodes; node++) {
        const int64_t parent = (int64_t)parents[node] * units;
        step_node(units, inputs + (int64_t)tokens[node] * 4 * units,
                  products + (int64_t)siblings[node] * 4 * units,
                  c_before + parent, pool_before + parent,
                  h + node * units, c + node * units, pool + node * units, highest);
    }
}

/* One question, word by word. recurrent (units, 4 units); product is room for 4 units. */
FOR_EACH_PROCESSOR
void gemel_read(int64_t length, int64_t units, const int32_t *tokens, const float *inputs,
                const float *recurrent, float *restrict product,
                float *h, float *c, float *pool, int32_t highest)
{
    for (int64_t word = 0; word < length; word++) {
        memset(product, 0, 4 * units * sizeof(float));
        for (int64_t unit = 0; word && unit < units; unit++) {
            const float output = h[unit];
            const float *restrict row = recurrent + unit * 4 * units;
            for (int64_t gate = 0; gate < 4 * units; gate++)
                product[gate] += output * row[gate];
        }
        step_node(units, inputs + (int64_t)tokens[word] * 4 * units, product, c, pool,
                  h, c, pool, highest);
    }
}
