/** The size of the largest program: every number here is checked before anything of that size is allocated. */

/** Largest program. Bytes are those of the file or of tensors; counts are of items. */
export const LIMITS: {
  readonly ops: number;
  readonly constants: number;
  readonly ports: number;
  readonly operands: number;
  /** Operands of all ops together. */
  readonly references: number;
  readonly attrs: number;
  /** UTF-16 units. */
  readonly nameLength: number;
  /** UTF-16 units. */
  readonly cardLength: number;
  /** The protobuf header of an artifact. */
  readonly headerBytes: number;
  /** All inputs together; the same for all outputs. */
  readonly portBytes: number;
  /** All op outputs together. */
  readonly activationBytes: number;
  readonly constantBytes: number;
  /** Steps of the accumulator proof beyond one pass over each constant: output channels, summed over the ops. */
  readonly boundSteps: number;
  readonly gas: bigint;
} = {
  ops: 65_536,
  constants: 65_536,
  ports: 64,
  operands: 256,
  references: 2 ** 20,
  attrs: 64,
  nameLength: 256,
  cardLength: 65_536,
  headerBytes: 2 ** 24,
  portBytes: 2 ** 32,
  activationBytes: 2 ** 34,
  constantBytes: 2 ** 36,
  boundSteps: 2 ** 28,
  gas: 2n ** 50n,
};
