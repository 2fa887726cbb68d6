/* Vectors of LANES numbers, and what is computed with them, for a KIND of processor; `level.h` and
   `steps.h` begin with it. */

#define JOIN_(name, kind) name##_##kind
#define JOIN(name, kind) JOIN_(name, kind)
#define OF_KIND(name) JOIN(name, KIND)
#define Floats OF_KIND(Floats)
#define Bits OF_KIND(Bits)
#define LOAD(from) (*(const Floats *)(from))
#define STORE(to, numbers) (*(Floats *)(to) = (numbers))

typedef float Floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t Bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* The higher numbers of both; where one is none, that of `b`. */
TARGET INLINE Floats OF_KIND(higher)(Floats a, Floats b)
{
#if HAS_VECTORS && !defined(GEMEL_EMULATED) && LANES == 16
    return (Floats)_mm512_max_ps((__m512)a, (__m512)b);
#elif HAS_VECTORS && !defined(GEMEL_EMULATED) && LANES == 8
    return (Floats)_mm256_max_ps((__m256)a, (__m256)b);
#else
    const Bits yes = a > b;
    return (Floats)((yes & (Bits)a) | (~yes & (Bits)b));
#endif
}

/* The rational approximation that Eigen uses; beyond the ends tanh is 1 in float32. What is no number
   stays none, as the second of two. */
TARGET INLINE Floats OF_KIND(tanh_of)(Floats x)
{
    const Floats end = (Floats){0} + 7.90531110763549805f;
    x = OF_KIND(higher)(-end, x);
    x = -OF_KIND(higher)(-end, -x);
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
