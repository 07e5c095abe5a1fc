// Loaded before a client: this process's clock is two hours late, as those of some servers and many phones are.
const Right = Date;
const LATE = 2 * 3_600_000;
globalThis.Date = class Date extends Right {
  constructor(...given) {
    super(...(given.length ? given : [Right.now() - LATE]));
  }
  static now() {
    return Right.now() - LATE;
  }
};
