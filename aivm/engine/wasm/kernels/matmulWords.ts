/** Words of a matmul step (plan/format.ts). Read by the host in TypeScript and by the kernels in AssemblyScript: numbers only. */
export const MATMUL_A = 4;
export const MATMUL_B = 7;
export const MATMUL_D = 10;
export const MATMUL_Y = 13;
/** Sizes of 4 batch axes, then 4 strides each of a, b, d, y. */
export const MATMUL_SIZES = 16;
export const MATMUL_STRIDES_A = 20;
export const MATMUL_STRIDES_B = 24;
export const MATMUL_STRIDES_D = 28;
export const MATMUL_STRIDES_Y = 32;
export const MATMUL_M = 36;
export const MATMUL_N = 37;
export const MATMUL_K = 38;
export const MATMUL_ROW_A = 39;
export const MATMUL_K_A = 40;
export const MATMUL_ROW_B = 41;
export const MATMUL_K_B = 42;
export const MATMUL_ROW_D = 43;
export const MATMUL_ROW_Y = 44;
export const MATMUL_ZERO_A = 45;
export const MATMUL_ZERO_B = 46;
/** multiplier shift zero lo hi. */
export const MATMUL_REQUANT = 47;
export const MATMUL_BLOCK = 52;

/** Bytes of rows of a that a tile may take, and rows of a tile at most. */
export const MATMUL_TILE_BYTES = 163840;
export const MATMUL_TILE_ROWS = 64;
/** Bytes of a thread's scratch beside those that sizes ask for: zeros, vectors, factors, start values. */
export const MATMUL_FIXED_BYTES = 512;
/** Bytes for each row of a tile beside the row itself: address, i32 sums, f64 sums, f64 row sum. */
export const MATMUL_ROW_BYTES = 108;
/** Below so many products between widenings, values of b are split into bytes. */
export const MATMUL_SPLIT_BELOW = 64;
