/* One step of an LSTM that learns, forwards and backwards, in vectors of LANES numbers; `steps.c`
   takes this in once for each KIND of processor. */

#include "vectors.h"

#define Halves OF_KIND(Halves)
#define Words OF_KIND(Words)

typedef uint16_t Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t Words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Read `some` numbers, float32 or bfloat16; those behind them are 0. */
TARGET INLINE Floats OF_KIND(get)(int is_short, const void *from, int64_t at, int64_t some)
{
    if (is_short) {
        Halves halves = {0};
        const uint16_t *const place = (const uint16_t *)from + at;
        memcpy(&halves, place, some == LANES ? sizeof halves : some * sizeof *place);
        return (Floats)(__builtin_convertvector(halves, Words) << 16);
    }
    Floats numbers = {0};
    const float *const place = (const float *)from + at;
    memcpy(&numbers, place, some == LANES ? sizeof numbers : some * sizeof *place);
    return numbers;
}

/* Write `some` numbers, as float32 or rounded to bfloat16. */
TARGET INLINE void OF_KIND(put)(int is_short, void *to, int64_t at, int64_t some, Floats numbers)
{
    if (is_short) {
        const Words bits = (Words)numbers;
        const Halves halves =
            __builtin_convertvector((bits + 0x7FFF + (bits >> 16 & 1)) >> 16, Halves);
        uint16_t *const place = (uint16_t *)to + at;
        memcpy(place, &halves, some == LANES ? sizeof halves : some * sizeof *place);
        return;
    }
    float *const place = (float *)to + at;
    memcpy(place, &numbers, some == LANES ? sizeof numbers : some * sizeof *place);
}

TARGET INLINE Floats OF_KIND(sigmoid_of)(Floats x)
{
    return 0.5f + 0.5f * OF_KIND(tanh_of)(0.5f * x);
}

/* Some units of a row, forwards. */
TARGET INLINE void OF_KIND(read_units)(const Step *step, int is_short, int64_t row, int64_t unit,
                                       int64_t some)
{
    const int64_t units = step->units, token = step->from + row;
    const int64_t input = step->words[token] * units * 4 + unit, own = token * units * 4 + unit;
    Floats gate[4], before = {0};
    for (int each = 0; each < 4; each++)
        gate[each] = OF_KIND(get)(is_short, step->inputs, input + each * units, some);
    if (step->number) {
        for (int each = 0; each < 4; each++)
            gate[each] += OF_KIND(get)(is_short, step->gates, own + each * units, some);
        before = OF_KIND(get)(0, step->cells, (step->before + row) * units + unit, some);
    }
    gate[0] = OF_KIND(sigmoid_of)(gate[0]);
    gate[1] = OF_KIND(sigmoid_of)(gate[1]);
    gate[2] = OF_KIND(tanh_of)(gate[2]);
    gate[3] = OF_KIND(sigmoid_of)(gate[3]);
    const Floats cell = gate[1] * before + gate[0] * gate[2];
    const Floats out = gate[3] * OF_KIND(tanh_of)(cell);
    for (int each = 0; each < 4; each++)
        OF_KIND(put)(is_short, step->gates, own + each * units, some, gate[each]);
    OF_KIND(put)(0, step->cells, token * units + unit, some, cell);
    if (row < step->next)
        OF_KIND(put)(is_short, step->outputs, (token + step->count - step->first) * units + unit,
                     some, out);
    const int64_t at = row * units + unit;
    if (!step->number) {
        OF_KIND(put)(0, step->pooled, at, some, out);
        return;
    }
    const Floats pooled = OF_KIND(get)(0, step->pooled, at, some);
    if (!step->highest) {
        OF_KIND(put)(0, step->pooled, at, some, pooled + out);
        return;
    }
    const Bits is_higher = out > pooled;
    const Bits best = (Bits)OF_KIND(get)(0, step->best, at, some);
    const Bits now = (is_higher & ((Bits){0} + (int32_t)step->number)) | (~is_higher & best);
    OF_KIND(put)(0, step->best, at, some, (Floats)now);
    OF_KIND(put)(0, step->pooled, at, some, OF_KIND(higher)(out, pooled));
}

/* Some units of a row, backwards: each gate gives way to its gradient. */
TARGET INLINE void OF_KIND(learn_units)(const Step *step, int is_short, int64_t row, int64_t unit,
                                        int64_t some)
{
    const int64_t units = step->units, token = step->from + row, at = row * units + unit;
    const int64_t input = step->words[token] * units * 4 + unit, own = token * units * 4 + unit;
    Floats gate[4], before = {0}, carried = {0};
    for (int each = 0; each < 4; each++)
        gate[each] = OF_KIND(get)(is_short, step->gates, own + each * units, some);
    if (step->number)
        before = OF_KIND(get)(0, step->cells, (step->before + row) * units + unit, some);
    const Floats held =
        OF_KIND(tanh_of)(OF_KIND(get)(0, step->cells, token * units + unit, some));
    Floats out = OF_KIND(get)(0, step->pooled, at, some);
    if (step->highest) {
        const Bits best = (Bits)OF_KIND(get)(0, step->best, at, some);
        out = (Floats)((best == ((Bits){0} + (int32_t)step->number)) & (Bits)out);
    }
    if (row < step->next) {
        out += OF_KIND(get)(is_short, step->outputs, at, some);
        carried = OF_KIND(get)(0, step->carried, at, some);
    }
    const Floats cell = carried + out * gate[3] * (1.0f - held * held);
    OF_KIND(put)(0, step->carried, at, some, cell * gate[1]);
    const Floats gradient[4] = {
        cell * gate[2] * gate[0] * (1.0f - gate[0]),
        cell * before * gate[1] * (1.0f - gate[1]),
        cell * gate[0] * (1.0f - gate[2] * gate[2]),
        out * held * gate[3] * (1.0f - gate[3]),
    };
    for (int each = 0; each < 4; each++) {
        OF_KIND(put)(is_short, step->gates, own + each * units, some, gradient[each]);
        const Floats sum = OF_KIND(get)(0, step->sums, input + each * units, some);
        OF_KIND(put)(0, step->sums, input + each * units, some, sum + gradient[each]);
    }
}

/* All rows of a step. */
TARGET INLINE void OF_KIND(all_rows)(const Step *step, int is_backward, int is_short)
{
    for (int64_t row = 0; row < step->count; row++)
        for (int64_t unit = 0; unit < step->units; unit += LANES) {
            const int64_t some = step->units - unit;
            if (is_backward && some >= LANES)
                OF_KIND(learn_units)(step, is_short, row, unit, LANES);
            else if (is_backward)
                OF_KIND(learn_units)(step, is_short, row, unit, some);
            else if (some >= LANES)
                OF_KIND(read_units)(step, is_short, row, unit, LANES);
            else
                OF_KIND(read_units)(step, is_short, row, unit, some);
        }
}

TARGET static void OF_KIND(step)(const Step *step, int is_backward, int is_short)
{
    if (is_backward && is_short)
        OF_KIND(all_rows)(step, 1, 1);
    else if (is_backward)
        OF_KIND(all_rows)(step, 1, 0);
    else if (is_short)
        OF_KIND(all_rows)(step, 0, 1);
    else
        OF_KIND(all_rows)(step, 0, 0);
}

#undef Halves
#undef Words
#undef Floats
#undef Bits
#undef LOAD
#undef STORE
#undef KIND
#undef LANES
#undef TARGET
