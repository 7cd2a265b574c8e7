declare global {
  namespace App {
    interface PageData {
      /** Fetches what the page begins with, once somebody has signed in. */
      ahead?: () => void;
    }
    interface PageState {
      /** The panel was opened from what the step back in the history shows. */
      panel?: boolean;
    }
  }
}

export {};
