declare global {
  namespace App {
    interface PageState {
      /** The panel was opened from what the step back in the history shows. */
      panel?: boolean;
    }
  }
}

export {};
