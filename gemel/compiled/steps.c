/* The steps of an LSTM that learns, but for the products of its outputs with its weights.

   Rows are sorted by length, the longest first, and lie step by step: of each step the words of the
   rows that are that long. So there is no padding, and row r of a step goes on as row r of the
   next. What a word adds to the gates is computed beforehand, once for all places where it stands.

   Gates, in the order input, forget, new, output, and what is multiplied with weights are float32,
   or bfloat16 if `is_short`; all else is float32. */

#include "kinds.h"

typedef struct {
    int64_t units, number, highest;
    int64_t from, count;  /* the step's first token, and its tokens */
    int64_t before, next; /* the first token of the step before; how many rows go on */
    int64_t first;        /* tokens of the first step, for which `outputs` has no room */
    const int32_t *words; /* of each token */
    const void *inputs;   /* (words, 4 units) */
    void *gates;          /* (tokens, 4 units) */
    float *cells;         /* (tokens, units) */
    void *outputs;        /* of the step before, a token each; backwards: gradients of a step */
    float *pooled;        /* (rows, units); backwards: its gradient */
    int32_t *best;        /* (rows, units): which step's output is the highest */
    float *carried;       /* (rows, units): gradient of the cells, from the step behind */
    float *sums;          /* (words, 4 units): gradient of `inputs` */
} Step;

#define KIND plain
#define LANES 4
#define TARGET
#include "steps.h"

#if HAS_VECTORS
#define KIND avx2
#define LANES 8
#define TARGET FOR_PROCESSOR("avx2,fma")
#include "steps.h"

#define KIND avx512
#define LANES 16
#define TARGET FOR_PROCESSOR("avx512f,avx512bw,avx512vl")
#include "steps.h"
#endif

static void take(int kind, Step *step, const int64_t *starts, int is_backward, int is_short)
{
    const int64_t *const here = starts + step->number;
    step->from = here[0];
    step->count = here[1] - here[0];
    step->next = here[2] - here[1];
    step->before = step->number ? here[-1] : 0;
    step->first = starts[1];
#if HAS_VECTORS
    if (kind == AVX512) {
        step_avx512(step, is_backward, is_short);
        return;
    }
    if (kind == AVX2) {
        step_avx2(step, is_backward, is_short);
        return;
    }
#endif
    step_plain(step, is_backward, is_short);
}

/* Take a step forwards.

   starts: where the tokens of each step begin, and twice where the last ones end; gates: the
   products of the outputs before and the weights, in place of which the gates come; outputs: those
   of the rows that go on, for the next step; pooled: the sums of a row's outputs, or the highest
   numbers. Returns 0. */
int64_t gemel_step(int32_t kind, int32_t is_short, int32_t highest, int64_t units, int64_t number,
                   const int64_t *starts, const int32_t *words, const void *inputs, void *gates,
                   float *cells, void *outputs, float *pooled, int32_t *best)
{
    Step step = {.units = units, .number = number, .highest = highest, .words = words,
                 .inputs = inputs, .gates = gates, .cells = cells, .outputs = outputs,
                 .pooled = pooled, .best = best};
    take(kind, &step, starts, 0, is_short);
    return 0;
}

/* Take a step backwards; the last one comes first.

   gates: in their place come their gradients; outputs (rows, units): the gradients of this step's
   outputs that come from the step behind it; pooled: gradients; sums: zeros to begin with.
   Returns 0. */
int64_t gemel_step_back(int32_t kind, int32_t is_short, int32_t highest, int64_t units,
                        int64_t number, const int64_t *starts, const int32_t *words, void *gates,
                        const float *cells, const void *outputs, const float *pooled,
                        const int32_t *best, float *carried, float *sums)
{
    Step step = {.units = units, .number = number, .highest = highest, .words = words,
                 .gates = gates, .cells = (float *)cells, .outputs = (void *)outputs,
                 .pooled = (float *)pooled, .best = (int32_t *)best, .carried = carried,
                 .sums = sums};
    take(kind, &step, starts, 1, is_short);
    return 0;
}
