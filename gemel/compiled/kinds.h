/* Kinds of processor that code is compiled for. `FOR_PROCESSOR` lets a function use the instructions
   of one; `gemel_kinds` reports which of them this processor has.

   Tests define GEMEL_EMULATED to compile every kind in portable C, and GEMEL_KINDS, the bits that
   `gemel_kinds` reports. */

#ifndef GEMEL_KINDS_H
#define GEMEL_KINDS_H

#include <stdint.h>
#include <string.h>

enum { PLAIN, AVX2, AVX512, TILES };

#if defined(GEMEL_EMULATED)
#define HAS_VECTORS 1
#define HAS_TILES 1
#define FOR_PROCESSOR(features)
#elif defined(__x86_64__)
#include <immintrin.h>
#define HAS_VECTORS 1
#define FOR_PROCESSOR(features) __attribute__((target(features)))
#if defined(__linux__) && defined(GEMEL_TILES)
#define HAS_TILES 1
#endif
#endif

#define INLINE static inline __attribute__((always_inline))

#endif
