declare global {
  namespace App {
    interface PageState {
      /** The list an issue was opened from, for previous and next. */
      from?: string;
    }
  }
}

export {};
