/* One level of the tree, its products in the tiles of an AMX processor: in bfloat16, summed in
   float32. Weights are (blocks, width / 32, 4 gates, 16 pairs of units, 16 units, 2). */

#define KIND tiles
#define LANES 16
#define AT_ONCE 1
#define TARGET FOR_PROCESSOR("avx512f,avx512bw,avx512vl,avx512bf16,amx-tile,amx-bf16")
#define WITH_TILES
#include "level.h"

#if !defined(GEMEL_EMULATED)
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the processor has tiles and the system lets us use them. */
static int may_use_tiles(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    uint32_t a, b, c, d;
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    const int has_tiles = d >> 24 & 1 && d >> 22 & 1; /* tiles, and their products in bfloat16 */
    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(1));
    const int has_bfloat16 = a >> 5 & 1;
    return has_tiles && has_bfloat16 && !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}

/* Round 32 numbers to bfloat16. */
TARGET INLINE void round_outputs(uint16_t *to, const float *from)
{
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from));
    memcpy(to, &both, sizeof both);
}
#endif

/* Gather the outputs of the nodes that are gone on from, in bfloat16. */
TARGET static void gather_outputs(const Network *network, const Level *level, const State *before)
{
    const int64_t width = network->width;
    for (int64_t parent = 0; parent < level->parents; parent++)
        for (int64_t unit = 0; unit < width; unit += 32)
            round_outputs(network->outputs + parent * width + unit,
                          before->h + level->parent[parent] * width + unit);
}

TARGET static void level_tiles(const Network *network, const Level *level, const State *before,
                               State *after)
{
    const struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1, .bytes = {[0 ... 7] = 64}, .rows = {[0 ... 7] = 16}};
    const int64_t width = network->width;
    float sums[4][16][BLOCK] __attribute__((aligned(64)));
    gather_outputs(network, level, before);
    _tile_loadconfig(&shape);
    for (int64_t block = 0; block < width; block += BLOCK) {
        const uint16_t *const weights = (const uint16_t *)network->weights + block * 4 * width;
        const float *const bias = network->bias + 4 * block;
        for (int64_t first = 0; first < level->parents; first += 16) {
            const int64_t left = level->parents - first, end = first + (left < 16 ? left : 16);
            fetch(network, level, first, end, block);
            _tile_loadd(0, bias, 0); /* the same row 16 times */
            _tile_loadd(1, bias + BLOCK, 0);
            _tile_loadd(2, bias + 2 * BLOCK, 0);
            _tile_loadd(3, bias + 3 * BLOCK, 0);
            for (int64_t unit = 0; unit < width; unit += 32) {
                const uint16_t *const part = weights + unit * 4 * BLOCK;
                _tile_loadd(4, network->outputs + first * width + unit, width * 2);
                _tile_loadd(5, part, 64);
                _tile_dpbf16ps(0, 4, 5);
                _tile_loadd(6, part + 512, 64);
                _tile_dpbf16ps(1, 4, 6);
                _tile_loadd(7, part + 1024, 64);
                _tile_dpbf16ps(2, 4, 7);
                _tile_loadd(5, part + 1536, 64);
                _tile_dpbf16ps(3, 4, 5);
            }
            _tile_stored(0, sums[0], 64);
            _tile_stored(1, sums[1], 64);
            _tile_stored(2, sums[2], 64);
            _tile_stored(3, sums[3], 64);
            for (int64_t parent = first; parent < end; parent++)
                children_tiles(network, level, parent, block, sums[0][parent - first], 16 * BLOCK,
                               before, after);
        }
    }
    _tile_release();
}
