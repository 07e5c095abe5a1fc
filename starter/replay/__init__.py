"""Before a deploy: which of the enrollments that run now would go on under the code of today, and where others part.

Two witnesses are heard. Temporal's own replay of an enrollment's history decides whether it goes on: it is what a
worker does. The enrollment's journal, which the worker of the running code tells, names the place in the journey's own
words, and shows what replay does not see: other templates, and answers that would be taken for something else.
"""
