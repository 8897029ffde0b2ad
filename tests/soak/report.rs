//! The figures.

use std::{io, time::Instant};

use crate::{api::Api, visitors::Visitors};

pub(crate) struct Report {
    begun: Instant,
    memory: [u64; 3],
    peak: u64,
    sockets: [usize; 2],
    most_sockets: usize,
    notes: usize,
}

impl Report {
    pub(crate) fn begin(api: &Api) -> io::Result<Self> {
        let (memory, sockets) = (api.memory_kib()?, api.sockets()?);
        Ok(Self {
            begun: Instant::now(),
            memory: [memory; 3],
            peak: memory,
            sockets: [sockets; 2],
            most_sockets: sockets,
            notes: 0,
        })
    }

    pub(crate) fn sockets_at_start(&self) -> usize {
        self.sockets[0]
    }

    /// After each phase. What was there after the second counts as warmed up: every worker has
    /// served, and every pool is filled.
    pub(crate) fn note(&mut self, api: &Api) -> io::Result<()> {
        self.notes += 1;
        self.most_sockets = self.most_sockets.max(api.sockets()?);
        if self.notes == 2 {
            self.memory[1] = api.memory_kib()?;
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, api: &Api) -> io::Result<()> {
        self.memory[2] = api.memory_kib()?;
        self.peak = api.peak_kib()?;
        self.sockets[1] = api.sockets()?;
        Ok(())
    }

    /// Whether all is as it was promised.
    pub(crate) fn print(&self, visitors: &Visitors) -> bool {
        let [start, warm, end] = self.memory.map(|kib| kib / 1024);
        println!("seconds                 {}", self.begun.elapsed().as_secs());
        visitors.print();
        println!("memory, start           {start} MiB");
        println!("memory, warmed up       {warm} MiB");
        println!("memory, end             {end} MiB (peak {} MiB)", self.peak / 1024);
        println!("open sockets, start     {}", self.sockets[0]);
        println!("open sockets, most      {}", self.most_sockets);
        println!("open sockets, end       {}", self.sockets[1]);
        let closed = self.sockets[1] <= self.sockets[0];
        if !closed {
            println!("sockets have stayed open");
        }
        closed && visitors.all_right()
    }
}
