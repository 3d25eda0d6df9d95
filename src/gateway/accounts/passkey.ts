/** A registered passkey, as the store has it: nothing of it is secret. */
export interface Passkey {
  /** The credential's ID, base64url. */
  readonly id: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly label: string;
  readonly createdMs: number;
}
