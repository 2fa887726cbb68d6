/* The tiles of an AMX processor in portable C, so that `tiles.h` runs on any machine: factors are
   rounded to bfloat16 as the processor rounds them, to the nearest, of two to the even one; products
   and sums are float32. To be included before all else: cc -include emulated.h */

#define GEMEL_EMULATED 1
#ifndef GEMEL_KINDS
#define GEMEL_KINDS 15
#endif

#include <stdint.h>
#include <string.h>

static __thread unsigned char emulated_tiles[8][16][64];

static inline void _tile_loadconfig(const void *shape)
{
    (void)shape; /* all of them have 16 rows of 64 bytes */
}

static inline void _tile_release(void)
{
    memset(emulated_tiles, 0xff, sizeof emulated_tiles); /* what is in them now is no number */
}

static inline void _tile_loadd(int tile, const void *from, int64_t stride)
{
    for (int row = 0; row < 16; row++)
        memcpy(emulated_tiles[tile][row], (const unsigned char *)from + row * stride, 64);
}

static inline void _tile_stored(int tile, void *to, int64_t stride)
{
    for (int row = 0; row < 16; row++)
        memcpy((unsigned char *)to + row * stride, emulated_tiles[tile][row], 64);
}

static inline float emulated_number(int tile, int row, int column)
{
    uint16_t half;
    memcpy(&half, emulated_tiles[tile][row] + 2 * column, sizeof half);
    const uint32_t bits = (uint32_t)half << 16;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline void _tile_dpbf16ps(int sums, int left, int right)
{
    for (int row = 0; row < 16; row++) {
        float sum[16];
        memcpy(sum, emulated_tiles[sums][row], sizeof sum);
        for (int each = 0; each < 32; each++) {
            const float factor = emulated_number(left, row, each);
            for (int column = 0; column < 16; column++)
                sum[column] += factor * emulated_number(right, each / 2, 2 * column + each % 2);
        }
        memcpy(emulated_tiles[sums][row], sum, sizeof sum);
    }
}

static inline void round_outputs(uint16_t *to, const float *from)
{
    for (int each = 0; each < 32; each++) {
        uint32_t bits;
        memcpy(&bits, from + each, sizeof bits);
        to[each] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}
