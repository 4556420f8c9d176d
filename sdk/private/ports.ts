/** What a private query needs of the world besides the chain. */

/** HTTP to the enclave's host, which sees sealed bytes only. */
export interface EnclaveHttp {
  /** JSON body of a GET. @throws SDK_UNREACHABLE */
  getJson(url: string): Promise<unknown>;
  /** Status and body of a POST of raw bytes. @throws SDK_UNREACHABLE */
  postBytes(url: string, body: Uint8Array): Promise<{ readonly status: number; readonly body: Uint8Array }>;
}

/** Ports of the private actions. */
export interface PrivatePorts {
  readonly http: EnclaveHttp;
  /** Cryptographically secure random bytes. */
  readonly random: (length: number) => Uint8Array;
}
