/**
 * Words of a conv step (plan/format.ts), and of the header in front of packed weights (pack.ts). Read by the packing in
 * TypeScript and by the kernels in AssemblyScript: numbers only.
 */

/** Word of a step where the host puts the address of the packed weights. */
export const CONV_PACKED = 3;
export const CONV_X = 4;
export const CONV_W = 7;
export const CONV_BIAS = 10;
export const CONV_MULTIPLIER = 13;
export const CONV_SHIFT = 16;
export const CONV_Y = 19;
export const CONV_N = 22;
export const CONV_H = 23;
export const CONV_WIDTH = 24;
export const CONV_C = 25;
export const CONV_OH = 26;
export const CONV_OW = 27;
export const CONV_COUT = 28;
export const CONV_KERNEL_H = 29;
export const CONV_KERNEL_W = 30;
export const CONV_STRIDE_H = 31;
export const CONV_STRIDE_W = 32;
export const CONV_PAD_TOP = 33;
export const CONV_PAD_LEFT = 34;
export const CONV_DILATION_H = 35;
export const CONV_DILATION_W = 36;
export const CONV_GROUPS = 37;
export const CONV_PAD_VALUE = 38;
export const CONV_ZERO = 39;
export const CONV_LO = 40;
export const CONV_HI = 41;
export const CONV_BLOCK = 42;
export const CONV_EPILOGUE = 43;
export const CONV_OTHER = 44;
/** mOwn mOther offset shift zero lo hi. */
export const CONV_EPILOGUE_PARAMETERS = 47;

/** Words of the packed header, i32 each. How the layer is computed: a MODE. */
export const PACKED_MODE = 0;
/** How a weight is kept: a WEIGHTS. */
export const PACKED_WEIGHTS = 1;
/** Output rows of a tile. */
export const PACKED_TILE_ROWS = 2;
/** Output pixels of one output row of a tile. */
export const PACKED_TILE_WIDTH = 3;
/** Panels of 8 output channels in a group. */
export const PACKED_PANELS = 4;
/** Pieces of x, each of neighbouring elements, that an output pixel takes. */
export const PACKED_SEGMENTS = 5;
/** Pairs of elements of a piece. */
export const PACKED_PAIRS = 6;
/** Products that are summed in i32 before they are widened, even; 0: all. */
export const PACKED_CHUNK = 7;
/** 1 when no |accumulator x factor| can reach 2^30: the result may be clamped after the conversion to i32. */
export const PACKED_SMALL = 8;
/** Bytes of a panel's weights (of one plane). */
export const PACKED_PANEL_BYTES = 9;
/** Bytes from the start of the header to: i32 bias, f64 factors, weights, low plane of split weights. */
export const PACKED_BIAS_AT = 10;
export const PACKED_FACTOR_AT = 11;
export const PACKED_WEIGHTS_AT = 12;
export const PACKED_LOW_AT = 13;
/** Bytes from the start of a thread's scratch to: i32 sums, f64 sums, the tile of x. */
export const PACKED_ACC_AT = 14;
export const PACKED_SUMS_AT = 15;
export const PACKED_TILE_AT = 16;
/** Bytes from the start of the scratch to room for a panel of i8 weights as i16, or 0. */
export const PACKED_EXPANDED_AT = 17;
/** Bytes of the header. */
export const PACKED_HEADER_BYTES = 128;

/** x is read row by row as it lies: 1x1 windows, matrix products. */
export const MODE_ROWS = 0;
/** A band of x is widened, with its border, and windows are read from it. */
export const MODE_BAND = 1;
/** Windows are unfolded to rows: any geometry. */
export const MODE_UNFOLD = 2;
/** One input channel for each output channel. */
export const MODE_DEPTHWISE = 3;

/** Weights i8. */
export const WEIGHTS_I8 = 0;
/** Weights i16. */
export const WEIGHTS_I16 = 1;
/** Weights i16 as a plane of their high bytes (i8) and one of their low bytes (u8), summed apart. */
export const WEIGHTS_SPLIT = 2;

/** Where things start in every thread's scratch: 32 bytes of zeros; vectors of the finish; of the residual; addresses of pixels. */
export const SCRATCH_VECTORS_AT = 32;
export const SCRATCH_RESIDUAL_AT = 128;
export const SCRATCH_TABLE_AT = 256;
